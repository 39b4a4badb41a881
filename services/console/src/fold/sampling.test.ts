import { expect, it } from 'vitest';
import { createSampling } from './sampling.js';

it('looks at all as long as few wait', () => {
  const sampling = createSampling(1000);
  for (const behind of [0, 10, 1000, 999]) sampling.behind(behind);
  expect([sampling.times(), sampling.takes(7)]).toEqual([1, true]);
});

it('grows coarser while more wait, and finer again when they do not, down to all', () => {
  const sampling = createSampling(1000);
  const times = [1001, 2000, 3000, 2500, 600, 500, 500, 0].map((behind) => {
    sampling.behind(behind);
    return sampling.times();
  });
  expect(times).toEqual([2, 4, 8, 8, 8, 4, 2, 1]);
});

it('takes one of so many places', () => {
  const sampling = createSampling(1000);
  for (let step = 0; step < 20; step += 1) sampling.behind(10_000 + step);
  expect(sampling.times()).toBe(1024);
  expect(Array.from({ length: 4096 }, (_, place) => place).filter(sampling.takes)).toEqual([0, 1024, 2048, 3072]);
});
