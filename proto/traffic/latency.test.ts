import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bucketOf, latencyBounds, latencyBuckets, quantileOf } from './latency.js';

it('puts every time into the first bucket that holds it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 100_000 })), (microseconds) => {
      const expected = latencyBounds.findIndex((bound) => microseconds / 1000 <= bound);
      expect(bucketOf(microseconds)).toBe(expected < 0 ? latencyBuckets - 1 : expected);
    }),
  );
  for (const [bucket, bound] of latencyBounds.entries()) {
    expect([bucketOf(bound * 1000), bucketOf(bound * 1000 + 1)]).toEqual([bucket, bucket + 1]);
  }
});

it('has the bounds that the public schema tells', () => {
  expect(latencyBounds.slice(0, 6)).toEqual([0.064, 0.08, 0.096, 0.112, 0.128, 0.16]);
  expect([latencyBounds.length, latencyBounds.at(-1), latencyBuckets]).toEqual([93, 536_870.912, 94]);
});

it('finds quantiles no further off than a bucket is wide', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 100, max: 10_000_000 }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (times, q) => {
        const counts = new Array<number>(latencyBuckets).fill(0);
        for (const time of times) counts[bucketOf(time)] = (counts[bucketOf(time)] ?? 0) + 1;
        const exact = ([...times].sort((a, b) => a - b)[Math.ceil(q * times.length) - 1] ?? 0) / 1000;
        const found = quantileOf(counts, q);
        expect(found).toBeGreaterThan(exact / 1.26);
        expect(found).toBeLessThan(exact * 1.26);
      },
    ),
  );
  expect(quantileOf([], 0.5)).toBe(0);
  expect(quantileOf(Object.assign(new Array(latencyBuckets).fill(0), { 93: 5 }), 0.99)).toBe(536_870.912);
});
