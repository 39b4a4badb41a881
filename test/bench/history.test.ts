import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolder } from '../stage/folder.js';
import { lastRecorded, type Machine, type Recorded, readRecorded, recordOf } from './history.js';
import { historyFolder, readHistory, writeRecorded } from './history-folder.js';
import { markdownOf } from './history-table.js';
import { openHistory } from './history-verbs.js';
import { readOptions } from './options.js';
import type { Findings } from './report.js';
import type { Row } from './rows.js';

const folder = openFolder('bench-history');
afterAll(() => folder.close());

const machine: Machine = {
  ...{ cpu: 'a cpu', cores: 2, memory: 4000, kernel: '6.1', node: 'v20.20.2', natsServer: 'v2.9.10', kamailio: '5.6.3' },
};
const about = { version: '0.1.0', at: '2026-01-02T03:04:05.000Z', machine, features: [], rounds: 1, count: 1000 };

function row(hub: string, change: Partial<Row> = {}): Row {
  return {
    ...{ hub, pattern: '4x50', round: 1, unit: 'tx', transactions: 1000, perSecond: 10_000, cpu: 30, cpuParts: { relay: 30 }, p50: 1 },
    ...{ p99: 4, longest: 9, failed: 0, memory: 100, memoryParts: {}, batch: 1, sender: 4, answerer: 3, troubles: [] },
    ...change,
  };
}

const findingsOf = (rows: readonly Row[]): Findings => ({ machine: 'a machine', rows, losses: [], codec: [], missing: [], profiles: [] });
const good = (): Recorded => recordOf(findingsOf([row('own'), row('kamailio', { perSecond: 3_000, cpu: 90 })]), 'own', about);

describe('a history file is refused', () => {
  it.each([
    ['that is no JSON', '{', 'is no JSON'],
    ['that is something else', '[]', 'is no history of a bench: all of it'],
    ['of another format', JSON.stringify({ ...good(), format: 2 }), 'format'],
    ['without patterns', JSON.stringify({ ...good(), patterns: [] }), 'patterns'],
    ['with a field too many', JSON.stringify({ ...good(), more: 1 }), 'more'],
    ['without a date', JSON.stringify({ ...good(), at: 'yesterday' }), 'at: '],
    ['with a ratio of nothing', JSON.stringify(good()).replace('"perSecond":3.333', '"perSecond":0'), 'patterns.0.peers.0.ratio.perSecond'],
  ])('%s', (_, text, words) => {
    expect(() => readRecorded(text, 'some.json')).toThrow(words);
    expect(() => readRecorded(text, 'some.json')).toThrow('some.json');
  });

  it('that is too large', () => {
    const large = folder.file('large');
    mkdirSync(large);
    writeFileSync(join(large, '1.json'), ' '.repeat(1024 * 1024 + 1));
    expect(() => readHistory(large)).toThrow('at most 1048576 are read');
  });

  it('among too many', () => {
    const many = folder.file('many');
    mkdirSync(many);
    for (let n = 0; n <= 1_000; n += 1) writeFileSync(join(many, `${n}.json`), '');
    expect(() => readHistory(many)).toThrow('holds 1001 files');
  });
});

it('what was recorded can be read again, the last of it by its date', () => {
  const place = folder.file('written');
  expect(readHistory(place)).toEqual([]);
  const later = { ...good(), version: '0.0.9', at: '2026-01-03T00:00:00.000Z' };
  expect(writeRecorded(place, later)).toBe(join(place, '0.0.9-2026-01-03.json'));
  writeRecorded(place, good());
  expect(readHistory(place)).toEqual([later, good()]);
  expect(lastRecorded(readHistory(place))).toEqual(later);
  expect(lastRecorded([])).toBeUndefined();
});

it('holds figures and ratios of the hub beside each peer', () => {
  expect(good().patterns).toMatchObject([
    {
      pattern: '4x50',
      hub: { cpu: 30, cpuParts: { relay: 30 } },
      peers: [{ peer: 'kamailio', cpu: 90, ratio: { perSecond: 3.333, cpu: 0.333 } }],
    },
  ]);
});

it('holds the hub as one process beside the hub, of which it is no peer', () => {
  const single = row('guildhall-single', { perSecond: 12_000, cpu: 20 });
  const peers = [row('kamailio', { perSecond: 3_000 }), row('kamailio-stateless', { perSecond: 24_000, how: 'one worker' })];
  const found = recordOf(findingsOf([row('guildhall'), single, ...peers]), 'guildhall', about);
  expect(found.patterns).toMatchObject([
    { hub: { perSecond: 10_000 }, single: { cpu: 20, ratios: { kamailio: 4, 'kamailio-stateless': 0.5 } } },
  ]);
  expect(found.patterns[0]?.peers.map(({ peer }) => peer)).toEqual(['kamailio', 'kamailio-stateless']);
  expect(readRecorded(JSON.stringify(found), 'some.json')).toEqual(found);
  expect(markdownOf(found).split('\n')).toEqual([
    '| pattern | hub | hub as one process | kamailio | kamailio-stateless |',
    '| --- | --- | --- | --- | --- |',
    expect.stringMatching(
      /10,000\/s, 30\.0 µs, p99 4\.0 ms \| 12,000\/s, 20\.0 µs, p99 4\.0 ms \| 3,000.*: 3\.33 ×, 4\.00 × \| .*: 0\.42 ×, 0\.50 × \(one worker\) \|$/,
    ),
    '',
  ]);
});

it('can be shown as a table', () => {
  expect(markdownOf(good()).split('\n')).toEqual([
    '| pattern | hub | kamailio |',
    '| --- | --- | --- |',
    '| `4x50` trunks: 4 connections, 50 in flight on each | 10,000/s, 30.0 µs, p99 4.0 ms | 3,000/s, 90.0 µs, p99 4.0 ms: 3.33 × |',
    '',
  ]);
});

const dead = (hub: string) => ({ hub, pattern: '4x50', round: 1, why: 'it died' });

it.each([
  ['died in every round', [], ['kamailio-packaged'], { peers: [], died: ['kamailio-packaged'] }, '30.0 µs, p99 4.0 ms | died |'],
  [
    'lived through another round, with one worker',
    [row('kamailio-packaged', { perSecond: 5_000, how: 'one worker' })],
    ['kamailio-packaged'],
    { peers: [{ peer: 'kamailio-packaged', how: 'one worker' }] },
    'p99 4.0 ms: 2.00 × (one worker) |',
  ],
] as const)('tells of a peer that %s', (_, rows, losses, kept, words) => {
  const found = recordOf({ ...findingsOf([row('own'), ...rows]), losses: losses.map(dead) }, 'own', about);
  expect(found.patterns).toMatchObject([kept]);
  expect(found.patterns[0]?.died).toEqual('died' in kept ? kept.died : undefined);
  expect(readRecorded(JSON.stringify(found), 'some.json')).toEqual(found);
  expect(markdownOf(found)).toContain(words);
});

it('the history of this checkout can be read', () => {
  expect(() => readHistory(historyFolder())).not.toThrow();
});

describe('a bench with a history', () => {
  const open = (line: string, place: string, change: Partial<Machine> = {}) => {
    const request = readOptions(line.split(' '));
    if (request.kind !== 'bench' || request.options.history === undefined) throw new Error(JSON.stringify(request));
    return openHistory(request.options, request.options.history, { ...machine, ...change }, folder.file(place), '2026-02-03T04:05:06.000Z');
  };

  it.each([
    ['--record', { kamailio: '' }, 'only ratios to it are kept'],
    ['--check', {}, 'nothing was recorded yet'],
  ])('%s is refused before anything is measured', (line, change, words) => {
    expect(open(line, 'empty', change)).toEqual({ refused: [expect.stringContaining(words)] });
  });

  it.each([
    ['failures', [row('guildhall', { failed: 1 }), row('kamailio')], 'transactions failed under 4x50', 1],
    ['no peer', [row('guildhall')], 'no peer lived through 4x50', 2],
    ['a ratio to no time at all', [row('guildhall'), row('kamailio', { cpu: 0 })], 'patterns.0.peers.0.ratio.cpu', 2],
    ['nothing', [], 'no peer lived through anything', 2],
  ] as const)('does not record %s', (_, rows, words, code) => {
    const historic = open('--record', 'empty');
    if ('refused' in historic) throw new Error(historic.refused.join());
    expect(historic.conclude(findingsOf(rows), 'guildhall')).toMatchObject({ text: expect.stringContaining(words), code });
    expect(readHistory(folder.file('empty'))).toEqual([]);
  });

  it('records, and then checks exactly that', () => {
    const recording = open('--record --features records', 'both');
    if ('refused' in recording) throw new Error(recording.refused.join());
    const rows = [row('guildhall'), row('kamailio', { perSecond: 3_000 })];
    expect(recording.conclude(findingsOf(rows), 'guildhall')).toMatchObject({ code: 0 });

    const checking = open('--check --rounds 1', 'both');
    if ('refused' in checking) throw new Error(checking.refused.join());
    expect(checking.options).toMatchObject({ patterns: [{ name: '4x50' }], peers: ['kamailio'], features: ['records'], rounds: 1 });
    expect(checking.conclude(findingsOf(rows), 'guildhall')).toMatchObject({ code: 0 });
    const slower = [row('guildhall', { perSecond: 8_000 }), row('kamailio', { perSecond: 3_000 })];
    expect(checking.conclude(findingsOf(slower), 'guildhall')).toMatchObject({ code: 3, text: expect.stringContaining('FALLEN') });

    const dead = { ...findingsOf([row('guildhall')]), losses: [{ hub: 'kamailio', pattern: '4x50', round: 1, why: 'it died' }] };
    expect(checking.conclude(dead, 'guildhall')).toMatchObject({ code: 2, text: expect.stringContaining('NOT JUDGED 4x50') });

    expect(open('--check --patterns calls', 'both')).toEqual({ refused: [expect.stringContaining('calls was not recorded')] });
  });

  it.each([
    ['all four', ['kamailio', 'kamailio-stateless', 'kamailio-packaged', 'kamailio-packaged-stateless']],
    ['the tuned ones, in a file of before there were others', ['kamailio', 'kamailio-stateless']],
  ])('checks against the peers that were recorded: %s', (name, peers) => {
    const rows = [row('guildhall'), ...peers.map((peer) => row(peer, { perSecond: 3_000 }))];
    writeRecorded(folder.file(name), recordOf(findingsOf(rows), 'guildhall', about));
    const checking = open('--check', name);
    if ('refused' in checking) throw new Error(checking.refused.join());
    expect(checking.options.peers).toEqual(peers);
    expect(checking.conclude(findingsOf(rows), 'guildhall')).toMatchObject({ code: 0 });
  });
});
