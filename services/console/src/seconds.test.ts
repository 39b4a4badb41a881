import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { emptyTally } from '@guildhall/proto/traffic/sums';
import { expect, it } from 'vitest';
import { createSeconds } from './seconds.js';
import { createSeen } from './seen.js';

const point = (from: number): TrafficPoint => ({
  ...TrafficPoint.create(),
  from: BigInt(from),
  length: 1000n,
  all: { ...emptyTally(), requests: 1n },
});

it('keeps seconds as long, and as many bytes, as it may', () => {
  const seconds = createSeconds({ bytes: 10_000, ms: 5000 });
  for (let from = 0; from < 20_000; from += 1000) seconds.add(point(from));
  expect(seconds.oldest()).toBe(14_000);
  expect([...seconds.between(16_000, 18_000)].map(({ from }) => from)).toEqual([16_000n, 17_000n]);
  const few = createSeconds({ bytes: TrafficPoint.encode(point(1000)).finish().length * 3, ms: 1_000_000 });
  for (let from = 1000; from < 20_000; from += 1000) few.add(point(from));
  expect([...few.between(0, 100_000)].length).toBeLessThanOrEqual(3);
  expect(createSeconds({ bytes: 1, ms: 1 }).oldest()).toBeUndefined();
});

it('knows what was there before, as long as it is not long ago', () => {
  const seen = createSeen();
  expect([seen('a'), seen('a'), seen('b')]).toEqual([false, true, false]);
  for (let number = 0; number < 30_000; number += 1) seen(`${number}`);
  expect([seen('a'), seen('29999')]).toEqual([false, true]);
});
