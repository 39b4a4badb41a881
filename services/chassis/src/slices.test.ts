import { expect, it } from 'vitest';
import { createSlices, type Slices } from './slices.js';
import type { Job } from './turn.js';

/** Slices of 3 ms of pieces that take 1 ms each; a piece below 0 throws. `turn` runs what was queued for the end of this one. */
function setUp(): { done: number[]; slices: Slices<number>; turn(): boolean } {
  let now = 0;
  let queued: Job | undefined;
  const done: number[] = [];
  const later = (job: Job): void => {
    queued = job;
  };
  const slices = createSlices<number>(
    { later },
    3,
    () => now,
    (piece) => {
      now += 1;
      if (piece < 0) throw new Error('it cannot be done');
      done.push(piece);
    },
  );
  const turn = (): boolean => {
    const job = queued;
    queued = undefined;
    job?.run();
    return queued !== undefined;
  };
  return { done, slices, turn };
}

it('does few at once, and of many a slice a turn, in their order', () => {
  const { done, slices, turn } = setUp();
  for (const piece of [1, 2]) slices.take(piece);
  expect(done).toEqual([1, 2]);
  for (const piece of [3, 4, 5, 6, 7, 8]) slices.take(piece);
  expect(done).toEqual([1, 2, 3]);
  expect(turn()).toBe(true);
  slices.take(9);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
  while (turn());
  expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  slices.take(10);
  expect(done.at(-1)).toBe(10);
});

it('goes on after a piece that throws', () => {
  const { done, slices, turn } = setUp();
  for (const piece of [1, 2, 3, 4, -5, 6]) slices.take(piece);
  expect(turn).toThrow('it cannot be done');
  expect(done).toEqual([1, 2, 3, 4]);
  while (turn());
  expect(done).toEqual([1, 2, 3, 4, 6]);
});

it('keeps the order of what comes before the rest of a piece that threw', () => {
  const { done, slices, turn } = setUp();
  for (const piece of [1, 2, 3, -4, 5, 6]) slices.take(piece);
  expect(turn).toThrow('it cannot be done');
  slices.take(7);
  expect(done).toEqual([1, 2, 3]);
  while (turn());
  expect(done).toEqual([1, 2, 3, 5, 6, 7]);
});
