import { RecordAnswer, RecordKind } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { createRecordReader, type RecordColumns } from '@guildhall/proto/records/record-columns';
import { addFrames, addPoints, addTallies, emptyTally } from '@guildhall/proto/traffic/sums';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { payloadOf, type ToldRecord } from '../records.stage.js';
import { createLosses } from './losses.js';
import { createTraffic, type Traffic } from './traffic.js';

const member = fc.constantFrom('acme', 'bolt', 'cove', 'dale', 'elm', '');
const record: fc.Arbitrary<
  Required<Pick<ToldRecord, 'kind' | 'peer' | 'target' | 'status' | 'answer' | 'code' | 'total' | 'requestBytes' | 'tries' | 'repeats'>>
> = fc.record({
  kind: fc.constantFrom(RecordKind.TRANSACTION, RecordKind.REFUSED_REQUEST, RecordKind.REFUSED_HANDSHAKE),
  peer: member,
  target: member,
  status: fc.constantFrom(200, 202, 302, 404, 480, 500, 503, 603, 0),
  answer: fc.constantFrom(RecordAnswer.FAR, RecordAnswer.HUB),
  code: fc.constantFrom('', 'no-route', 'far-timeout'),
  total: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  requestBytes: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  tries: fc.integer({ min: 0, max: 5 }),
  repeats: fc.integer({ min: 0, max: 5 }),
});
type Told = typeof record extends fc.Arbitrary<infer T> ? T : never;
const batches = fc.array(fc.array(record, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 });

const start = 1_700_000_040_000;
const facts = { at: start, number: 1, console: 'console-1', sampled: 1, instances: [], behind: 0, standing: new Map(), unheard: [] };

function columnsOf(records: readonly Told[], at = start): RecordColumns {
  const columns = createRecordReader()(payloadOf(records, { at }));
  if (columns === undefined) throw new Error('a batch of our own means nothing');
  return columns;
}

function trafficOf(limits: { pairs: number; members: number }): Traffic {
  return createTraffic(
    { ...limits, reasons: 50 },
    createLosses(1000, 0, () => 0),
    0,
  );
}

/** What a record counts for, told in the plainest way. */
function plain(records: readonly Told[]) {
  const requests = records.filter(({ kind }) => kind !== RecordKind.REFUSED_HANDSHAKE);
  const count = (fits: (one: Told) => boolean): bigint => BigInt(requests.filter(fits).length);
  const sum = (of: (one: Told) => number): bigint => requests.reduce((total, one) => total + BigInt(of(one)), 0n);
  const hundreds = (digit: number) => count(({ status }) => Math.floor(status / 100) === digit);
  return {
    requests: count(() => true),
    ok: hundreds(2),
    redirected: hundreds(3),
    clientErrors: hundreds(4),
    serverErrors: hundreds(5),
    globalErrors: hundreds(6),
    refused: count(({ status, answer }) => status >= 400 && answer === RecordAnswer.HUB),
    handshakesRefused: BigInt(records.length - requests.length),
    requestBytes: sum(({ requestBytes }) => requestBytes),
    retries: sum(({ tries }) => Math.max(tries - 1, 0)),
    repeats: sum(({ repeats }) => repeats),
  };
}

function expectSums(
  frame: Pick<TrafficFrame, 'all' | 'pairs' | 'members' | 'otherPairs' | 'reasons'>,
  records: readonly Told[],
  apart: boolean,
): void {
  expect(frame.all).toMatchObject(plain(records));
  const pairs = frame.pairs.reduce((sum, { tally }) => addTallies(sum, tally), addTallies(emptyTally(), frame.otherPairs));
  expect(pairs).toMatchObject({ ...plain(records), handshakesRefused: 0n });
  const reasons = records.filter(({ code, status }) => code !== '' || status >= 300).length;
  expect(frame.reasons.reduce((sum, { count }) => sum + count, 0n)).toBe(BigInt(reasons));
  if (!apart) return;
  for (const { from, to, tally } of frame.pairs) {
    expect(tally).toMatchObject({ ...plain(records.filter((one) => one.peer === from && one.target === to)), handshakesRefused: 0n });
  }
  for (const { member: id, sent, received } of frame.members) {
    expect(sent).toMatchObject(plain(records.filter((one) => one.peer === id)));
    expect(received).toMatchObject({ ...plain(records.filter((one) => one.target === id)), handshakesRefused: 0n });
  }
}

it('counts every record once: in the whole, its pair, its sender and its receiver', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const traffic = trafficOf({ pairs: 100, members: 100 });
      for (const records of all) traffic.batch(columnsOf(records), { stored: start, times: 1, live: true });
      expectSums(traffic.frame(facts, true), all.flat(), true);
    }),
  );
});

it('keeps sums exact when there is no room to tell all pairs and members apart, over elections as well', () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (all, pairs, members) => {
      const traffic = trafficOf({ pairs, members });
      let frames: TrafficFrame | undefined;
      for (const [index, records] of all.entries()) {
        traffic.batch(columnsOf(records), { stored: start, times: 1, live: true });
        for (let times = 0; times < (index % 2 === 0 ? 60 : 1); times += 1) {
          const frame = traffic.frame(facts, true);
          expect(frame.pairs.length).toBeLessThanOrEqual(pairs);
          frames = frames === undefined ? frame : addFrames(frames, frame);
        }
      }
      if (frames !== undefined) expectSums(frames, all.flat(), false);
      const [point] = traffic.quiet(start + 100_000);
      expect(point?.from).toBe(BigInt(start - (start % 60_000)));
      if (point !== undefined) expectSums(point, all.flat(), false);
    }),
    { numRuns: 50 },
  );
});

it('makes the same minutes of the same stream, wherever it was cut into frames', () => {
  const stored = fc.array(
    fc.tuple(
      fc.array(record, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 30_000 }),
      fc.integer({ min: -5000, max: 25_000 }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(stored, fc.integer({ min: 1, max: 10 }), (batchesAndTimes, every) => {
      const run = (frameEvery: number): TrafficPoint[] => {
        const traffic = trafficOf({ pairs: 100, members: 100 });
        const points: TrafficPoint[] = [];
        let now = start;
        for (const [index, [records, pause, late]] of batchesAndTimes.entries()) {
          now += pause;
          points.push(...traffic.batch(columnsOf(records, now - late), { stored: now, times: 1, live: index > 3 }));
          if (index % frameEvery === 0) traffic.frame(facts, true);
        }
        points.push(...traffic.quiet(now + 120_000));
        return points;
      };
      const points = run(every);
      expect(points).toEqual(run(1000));
      expect(new Set(points.map(({ from }) => from)).size).toBe(points.length);
      const all = batchesAndTimes.flatMap(([records]) => records);
      const sum = points.reduce<TrafficPoint | undefined>(
        (whole, point) => (whole === undefined ? point : addPoints(whole, point)),
        undefined,
      );
      if (sum !== undefined) expectSums(sum, all, false);
    }),
    { numRuns: 60 },
  );
});

it('multiplies what it looks at by what that stands for, and says so in the minute', () => {
  const traffic = trafficOf({ pairs: 10, members: 10 });
  const told = fc.sample(record, 20);
  traffic.batch(columnsOf(told), { stored: start, times: 4, live: true });
  const { requests } = plain(told);
  expect(traffic.frame({ ...facts, sampled: 4 }, true).all?.requests).toBe(requests * 4n);
  expect(traffic.quiet(start + 100_000).map(({ sampled, all }) => [sampled, all?.requests])).toEqual([[4, requests * 4n]]);
});

it('gives the seats of pairs to those that are used most', () => {
  const traffic = trafficOf({ pairs: 2, members: 100 });
  const one = (peer: string, target: string): Told => ({
    ...(fc.sample(record, 1)[0] ?? missing()),
    kind: RecordKind.TRANSACTION,
    peer,
    target,
  });
  traffic.batch(columnsOf([one('acme', 'bolt'), one('bolt', 'acme'), ...Array.from({ length: 9 }, () => one('cove', 'dale'))]), {
    stored: start,
    times: 1,
    live: true,
  });
  for (let times = 0; times < 60; times += 1) traffic.frame(facts, true);
  traffic.batch(columnsOf([one('cove', 'dale')]), { stored: start, times: 1, live: true });
  const { pairs, otherPairs } = traffic.frame(facts, true);
  expect([pairs.map(({ from }) => from), otherPairs?.requests]).toEqual([['cove'], 0n]);
  expect(traffic.sizes()).toEqual({ members: 4, pairs: 2 });
});

it('forgets who was not seen for long, and is bounded whatever names come', () => {
  const traffic = trafficOf({ pairs: 50, members: 20 });
  for (let name = 0; name < 500; name += 1) {
    const told = fc
      .sample(record, 1)
      .map((given) => ({ ...given, kind: RecordKind.TRANSACTION, peer: `m${name}`, target: `${'x'.repeat(name)}${name}` }));
    traffic.batch(columnsOf(told), { stored: start, times: 1, live: true });
  }
  expect(traffic.sizes().members).toBeLessThanOrEqual(21);
  traffic.quiet(start + 100_000);
  for (let times = 0; times < 60 * 100; times += 1) traffic.frame(facts, true);
  expect(traffic.sizes()).toEqual({ members: 0, pairs: 0 });
});

function missing(): never {
  throw new Error('there is no sample');
}
