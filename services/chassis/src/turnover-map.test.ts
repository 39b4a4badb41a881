import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTurnoverMap } from './turnover-map.js';

it('is a Map, however often it was made anew', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(40)), { minLength: 2_000, maxLength: 3_000 });
  fc.assert(
    fc.property(steps, (all) => {
      const map = createTurnoverMap<number, number>();
      const model = new Map<number, number>();
      for (const [at, [put, key]] of all.entries()) {
        if (put) {
          map.set(key, at);
          model.set(key, at);
        } else {
          expect(map.delete(key)).toBe(model.delete(key));
        }
      }
      expect([...map.values()]).toEqual([...model.values()]);
      expect(map.size()).toBe(model.size);
      for (let key = 0; key <= 40; key += 1) {
        expect(map.get(key)).toBe(model.get(key));
        expect(map.has(key)).toBe(model.has(key));
      }
    }),
    { numRuns: 20 },
  );
});

it('grows beyond what it begins with', () => {
  const map = createTurnoverMap<number, number>();
  for (let key = 0; key < 5_000; key += 1) map.set(key, -key);
  expect(map.size()).toBe(5_000);
  expect(map.get(4_999)).toBe(-4_999);
  expect(map.get(0)).toBe(-0);
});
