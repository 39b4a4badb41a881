import { describe, expect, it } from 'vitest';
import { createLoopLag } from './loop-lag.js';

/** What is reported after each of these readings, ms between them. */
function after(...gaps: readonly number[]): number[] {
  let now = 1_000.5;
  const lag = createLoopLag(now);
  return gaps.map((gap) => {
    now += gap;
    lag.tick(now);
    return lag.ms();
  });
}

describe('how late the event loop runs', () => {
  it.each<[string, number[], number[]]>([
    ['nothing while it is in time, or early', [20, 20.9, 3, 20], [0, 0, 0, 0]],
    ['one long turn alone does not show', [20, 20, 500, 20, 20, 20], [0, 0, 0, 0, 0, 0]],
    ['nor do two', [20, 500, 500, 20], [0, 0, 0, 0]],
    ['what lasts shows after three turns, as its least', [70, 90, 80, 120, 110], [0, 0, 50, 60, 60]],
    ['and is over with the first turn in time', [70, 70, 70, 20], [0, 0, 50, 0]],
    ['a slow creep is told in whole ms', [25.9, 25.9, 25.9], [0, 0, 5]],
  ])('%s', (_why, gaps, told) => {
    expect(after(...gaps)).toEqual(told);
  });
});
