import { type PairTraffic, TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addFrames, emptyTally } from '@guildhall/proto/traffic/sums';
import { expect, it } from 'vitest';
import { createPointParts, framesOf, pointsOf } from './parts.js';

const pairs: PairTraffic[] = Array.from({ length: 5000 }, (_, index) => ({
  from: `m${index}`,
  to: 'bolt',
  tally: { ...emptyTally(), requests: 1n, bucket: [3], count: [1n] },
  reasons: [],
}));
const point: TrafficPoint = {
  ...TrafficPoint.create(),
  from: 60_000n,
  length: 60_000n,
  all: { ...emptyTally(), requests: 5000n },
  pairs,
  dropped: 3n,
};

it('puts a frame into messages that the bus takes, and their sum is the frame', () => {
  const frame: TrafficFrame = {
    ...TrafficFrame.create(),
    number: 7n,
    console: 'console-1',
    full: true,
    sampled: 1,
    all: point.all,
    pairs,
    dropped: 3n,
  };
  const messages = framesOf(frame, 128 * 1024);
  expect(messages.length).toBeGreaterThan(2);
  expect(messages.every(({ length }) => length < 128 * 1024)).toBe(true);
  const parts = messages.map((bytes) => TrafficFrame.decode(bytes));
  expect(parts.map(({ more, number }) => [more, number])).toEqual(parts.map((_, index) => [index < parts.length - 1, 7n]));
  const sum = parts.reduce(addFrames);
  expect([sum.all?.requests, sum.pairs.length, sum.dropped, sum.full]).toEqual([5000n, 5000, 3n, true]);
  expect(framesOf({ ...frame, pairs: [] }, 128 * 1024).length).toBe(1);
});

it('puts points together again, the first complete one of each minute', () => {
  const [one, other] = ['console-1', 'console-2'].map((id) => pointsOf(point, id, 128 * 1024).map((bytes) => TrafficPoint.decode(bytes)));
  if (one === undefined || other === undefined) throw new Error('there are two');
  const parts = createPointParts();
  // The first console died in the middle, and parts of the other that have the same name were not stored.
  const stream = [...one.slice(0, 2), ...other.slice(1), ...other, ...one];
  const whole = stream.flatMap((part) => parts.add(part) ?? []);
  expect(whole.map(({ from, console, pairs: all, dropped }) => [from, console, all.length, dropped])).toEqual([
    [60_000n, 'console-2', 5000, 3n],
  ]);
});

it('holds only so many incomplete points', () => {
  const parts = createPointParts();
  for (let minute = 0; minute < 1000; minute += 1) parts.add({ ...point, from: BigInt(minute), pairs: [], lastPart: false });
  expect(parts.add({ ...point, from: 0n, part: 1, lastPart: true })).toBeUndefined();
  expect(parts.add({ ...point, from: 999n, part: 1, lastPart: true })?.pairs.length).toBe(5000);
});
