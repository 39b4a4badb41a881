import { expect, it } from 'vitest';
import { MemberTraffic, TrafficFrame, TrafficPoint } from '../gen/guildhall/metrics/v1/traffic.js';
import { bucketOf } from './latency.js';
import { addFrames, addPoints, addReasons, addTallies, emptyTally } from './sums.js';

const bucket = bucketOf(5000);
const some = { ...emptyTally(), requests: 3n, ok: 2n, bucket: [bucket], count: [3n], p50: 5, p99: 5 };

it('adds counts and distributions, and finds quantiles anew', () => {
  const sum = addTallies(some, { ...some, bucket: [0, bucket], count: [300n, 1n] });
  expect(sum).toMatchObject({ requests: 6n, ok: 4n, bucket: [0, bucket], count: [300n, 4n] });
  expect(sum.p50).toBeLessThan(0.065);
  expect([addTallies(undefined, some), addTallies(some, undefined), addTallies(undefined, undefined)]).toEqual([some, some, emptyTally()]);
});

it('leaves out what is in no bucket', () => {
  expect(addTallies(emptyTally(), { ...emptyTally(), bucket: [4_000_000_000], count: [1n] }).bucket).toEqual([]);
});

it('adds reasons of the same code and status', () => {
  const one = { code: 'no-route', status: 404, count: 1n };
  const other = { code: '', status: 404, count: 5n };
  expect(addReasons([one], [one, other])).toEqual([other, { ...one, count: 2n }]);
});

it('adds frames: counters of both, and how things stand in the later', () => {
  const member = (id: string, connections: number) => ({
    ...MemberTraffic.create(),
    member: id,
    sent: some,
    received: emptyTally(),
    connections,
  });
  const pair = { from: 'acme', to: 'bolt', tally: some, reasons: [] };
  const a = {
    ...TrafficFrame.create(),
    number: 1n,
    full: true,
    sampled: 2,
    all: some,
    members: [member('acme', 1), member('bolt', 1)],
    pairs: [pair],
    dropped: 1n,
  };
  const b = { ...TrafficFrame.create(), number: 2n, sampled: 1, all: some, members: [member('acme', 4)], pairs: [pair], lost: 2n };
  const sum = addFrames(a, b);
  expect(sum).toMatchObject({ number: 2n, full: true, sampled: 2, dropped: 1n, lost: 2n });
  expect(sum.all?.requests).toBe(6n);
  expect(sum.members.map((one) => [one.member, one.connections, one.sent?.requests])).toEqual([
    ['acme', 4, 6n],
    ['bolt', 1, 3n],
  ]);
  expect(sum.pairs.map(({ tally }) => tally?.requests)).toEqual([6n]);
});

it('adds points to one that is as long as both', () => {
  const point = (from: bigint) => ({ ...TrafficPoint.create(), from, length: 60_000n, all: some });
  expect(addPoints(point(0n), point(60_000n))).toMatchObject({ from: 0n, length: 120_000n });
  expect(addPoints(point(60_000n), point(60_000n))).toMatchObject({ from: 60_000n, length: 60_000n });
});
