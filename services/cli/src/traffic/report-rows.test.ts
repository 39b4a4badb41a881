import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { describe, expect, it } from 'vitest';
import { countedBetween, slicingOf } from './history.js';
import { csvLines, reportTable } from './report-rows.js';
import { someFrame, someTally } from './traffic.stage.js';

const point = TrafficPoint.fromPartial({
  all: someTally,
  reasons: someFrame().reasons,
  members: someFrame().members,
  pairs: [{ from: 'cade', to: 'acme' }, ...someFrame().pairs],
});

describe('a report', () => {
  it('by member has two rows each, the busiest first', () => {
    const { columns, rows } = reportTable(point, 'member');
    expect(columns.slice(0, 4)).toEqual(['member', 'direction', 'requests', 'ok']);
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['acme', 'sent', 8, 5],
      ['acme', 'received', 0, 0],
      ['bolt', 'sent', 0, 0],
      ['bolt', 'received', 8, 5],
      ['cade', 'sent', 0, 0],
      ['cade', 'received', 0, 0],
    ]);
  });

  it('by pair ends with those that are not told apart', () => {
    const { rows } = reportTable({ ...point, otherPairs: someTally }, 'pair');
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      ['acme', 'bolt', 8],
      ['cade', 'acme', 0],
      ['(others)', '(others)', 8],
    ]);
  });

  it('by reason tells the share of all', () => {
    expect(reportTable(point, 'reason').rows).toEqual([
      ['denied-by-rule', 403, 2, 0.222],
      ['', 404, 1, 0.111],
    ]);
    expect(reportTable(TrafficPoint.fromPartial({ reasons: point.reasons }), 'reason').rows[0]).toEqual(['denied-by-rule', 403, 2, 0]);
  });

  it.each([
    ['plain', 'acme', 'acme'],
    ['with a comma', 'a,b', '"a,b"'],
    ['with quotes and lines', 'a"b\nc', '"a""b\nc"'],
    ['that begins a formula', '=1+1', "'=1+1"],
    ['that begins another', '@x,y', '"\'@x,y"'],
    ['that is a figure', -1, '-1'],
  ])('as CSV writes a cell %s', (_what, cell, text) => {
    expect(csvLines({ columns: ['a'], rows: [[cell]] })).toEqual(['a', text]);
  });
});

describe('history', () => {
  it('is asked for in slices that begin and end where points do, and added up', async () => {
    const asked: [bigint, bigint, bigint][] = [];
    const queryTraffic = async ({ from, until, resolution }: { from: bigint; until: bigint; resolution: bigint }) => {
      asked.push([from, until, resolution]);
      return { points: [{ ...point, from }], resolution, keptSince: 5n };
    };
    const hour = 3_600_000n;
    const { sum, keptSince } = await countedBetween({ queryTraffic }, 10n * hour + 1n, 12n * hour + 7n, []);
    expect(asked).toEqual([
      [10n * hour + 1n, 11n * hour, 60_000n],
      [11n * hour, 12n * hour, 60_000n],
      [12n * hour, 12n * hour + 7n, 60_000n],
    ]);
    expect([sum.all?.requests, keptSince]).toEqual([3n * someTally.requests, 5n]);
  });

  it('of no time at all is nothing', async () => {
    const queryTraffic = () => Promise.reject(new Error('not asked'));
    expect((await countedBetween({ queryTraffic }, 5n, 5n, [])).sum.all).toBeUndefined();
  });

  it.each([
    [600_000, 1000],
    [600_001, 60_000],
    [48 * 3_600_000, 60_000],
    [49 * 3_600_000, 3_600_000],
  ])('of %d ms is told in points of %d ms', (span, resolution) => {
    expect(slicingOf(span).resolution).toBe(resolution);
  });
});
