import { createTurn, type Job } from '@guildhall/chassis/turn';
import { expect, it } from 'vitest';
import { createSlices } from './slices.js';

const turnOver = () => new Promise((resolve) => setImmediate(resolve));

it('does few at once, and of many a slice a turn, in their order', async () => {
  const done: number[] = [];
  const slices = createSlices<number>(createTurn(), 3, (piece) => void done.push(piece));
  for (const piece of [1, 2]) slices.take(piece);
  expect(done).toEqual([1, 2]);
  for (const piece of [3, 4, 5, 6, 7]) slices.take(piece);
  expect(done).toEqual([1, 2, 3]);
  await turnOver();
  slices.take(8);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
  await turnOver();
  expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await turnOver();
  await turnOver();
  slices.take(9);
  expect(done.at(-1)).toBe(9);
});

it('goes on after a piece that throws', () => {
  const jobs: Job[] = [];
  const done: number[] = [];
  const slices = createSlices<number>({ later: (job) => void jobs.push(job) }, 2, (piece) => {
    if (piece === 3) throw new Error('it cannot be done');
    done.push(piece);
  });
  for (const piece of [1, 2, 3, 4, 5]) slices.take(piece);
  const run = () => jobs.pop()?.run();
  expect(run).toThrow('it cannot be done');
  expect(done).toEqual([1, 2]);
  run();
  expect(done).toEqual([1, 2, 4, 5]);
});
