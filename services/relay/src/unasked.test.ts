import { expect, it } from 'vitest';
import { createUnasked, type Unasked } from './unasked.js';

const times = (count: number, what: () => void): void => {
  for (let i = 0; i < count; i += 1) what();
};
const setting = (): Unasked => createUnasked(100, 0);

it('takes a second of it at once, and no more', () => {
  const unasked = setting();
  times(100, unasked.came);
  expect(unasked.isTooMuch()).toBe(false);
  unasked.came();
  expect(unasked.isTooMuch()).toBe(true);
});

it('takes responses to what was written, whatever else there was', () => {
  const unasked = setting();
  times(1_000, unasked.wrote);
  times(4_000, unasked.answered);
  times(100, unasked.answered);
  expect(unasked.isTooMuch()).toBe(false);
  unasked.answered();
  expect(unasked.isTooMuch()).toBe(true);
});

it('goes on after a second at most, however much came', () => {
  const unasked = setting();
  times(100_000, unasked.came);
  unasked.fill(900);
  expect(unasked.isTooMuch()).toBe(true);
  unasked.fill(1_000);
  expect(unasked.isTooMuch()).toBe(false);
});

it('keeps no more than a second of what did not come, and goes on when the clock does not', () => {
  const unasked = setting();
  unasked.fill(60_000);
  unasked.fill(59_000);
  times(101, unasked.came);
  expect(unasked.isTooMuch()).toBe(true);
});
