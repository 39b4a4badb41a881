import { describe, expect, it } from 'vitest';
import { createSpread } from './spread.js';

/** A spread whose turns come when the test says so; tells what was dealt with in each. */
function scene() {
  const planned: (() => void)[] = [];
  let dealt: number[] = [];
  const spread = createSpread<number>(
    (one) => void dealt.push(one),
    (run) => void planned.push(run),
  );
  const turn = (): readonly number[] => {
    dealt = [];
    for (const run of planned.splice(0)) run();
    return dealt;
  };
  return { spread, turn };
}

describe('many at a time', () => {
  it('get their turns in order, a few in each', () => {
    const { spread, turn } = scene();
    for (let one = 0; one < 20; one += 1) spread.put(one);
    expect([turn(), turn(), turn(), turn()]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15], [16, 17, 18, 19], []]);
    spread.put(20);
    expect(turn()).toEqual([20]);
  });

  it('never grow without end, however many come in each turn', () => {
    const { spread, turn } = scene();
    let waiting = 0;
    for (let now = 0; now < 500; now += 1) {
      for (let one = 0; one < 100; one += 1) spread.put(one);
      waiting += 100 - turn().length;
    }
    expect(waiting).toBeLessThanOrEqual(16 * 100);
  });

  it('get no turn once they are cleared', () => {
    const { spread, turn } = scene();
    spread.put(1);
    expect(spread.clear()).toEqual([1]);
    expect(turn()).toEqual([]);
  });
});
