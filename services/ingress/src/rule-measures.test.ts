import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRuleMeasures } from './rule-measures.js';

const rate = { requests: 10, perMs: 1_000, burst: 3 };

describe('a measure', () => {
  it('gives a burst, then the rate', () => {
    const measures = createRuleMeasures(10);
    const take = (now: number) => measures.take('r acme', rate, 1, now);
    expect([take(0), take(0), take(0), take(0), take(99), take(100), take(100), take(200)]).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
    expect([take(60_000), take(60_000), take(60_000), take(60_000)]).toEqual([true, true, true, false]);
  });

  it('is one for each key, and shared among instances', () => {
    const measures = createRuleMeasures(10);
    const count = (key: string, share: number) =>
      Array.from({ length: 9 }, () => measures.take(key, { ...rate, burst: 8 }, share, 0)).filter(Boolean).length;
    expect([count('a', 1), count('b', 1), count('c', 0.5), count('d', 0.01)]).toEqual([8, 8, 4, 1]);
  });

  it('is forgotten beyond so many', () => {
    const measures = createRuleMeasures(2);
    for (const key of ['a', 'b', 'c', 'd']) measures.take(key, rate, 1, 0);
    expect(measures.size()).toBe(2);
  });

  it('never gives more than burst and rate, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 200 }), (steps) => {
        const measures = createRuleMeasures(2);
        let now = 0;
        let given = 0;
        for (const step of steps) {
          now += step;
          if (measures.take('r', rate, 1, now)) given += 1;
        }
        expect(given).toBeLessThanOrEqual(3 + now / 100 + 1e-6);
      }),
    );
  });
});
