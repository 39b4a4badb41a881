import { describe, expect, it } from 'vitest';
import { type Condition, nextTarget } from './targets.js';

function proxy(name: string, priority: number, weight: number, condition: Condition = 'up') {
  return { name, priority, weight, condition: () => condition };
}

describe('the next proxy', () => {
  const a = proxy('a', 1, 1);
  const b = proxy('b', 1, 3);
  const c = proxy('c', 2, 1);
  const zero = proxy('zero', 1, 0);
  const resting = proxy('resting', 0, 9, 'resting');
  const closed = proxy('closed', 0, 1, 'closed');

  const cases: [
    why: string,
    candidates: ReturnType<typeof proxy>[],
    tried: ReturnType<typeof proxy>[],
    random: number,
    name: string | undefined,
  ][] = [
    ['is none where there is none', [], [], 0, undefined],
    ['is none that rests', [resting], [], 0, undefined],
    ['is none that was tried', [a, b], [b, a], 0, undefined],
    ['skips one that rests, whatever its priority', [resting, c], [], 0, 'c'],
    ['is of the lowest priority', [c, a], [], 0.99, 'a'],
    ['is of the next priority once the first is tried', [c, a], [a], 0, 'c'],
    ['need not be up', [c, closed], [], 0, 'closed'],
    ['is chosen by weight: the first quarter', [a, b, c], [], 0.24, 'a'],
    ['is chosen by weight: the rest', [a, b, c], [], 0.26, 'b'],
    ['by weight among those not tried', [a, b, c], [b], 0.99, 'a'],
    ['a weight of 0 has nearly no chance', [zero, a], [], 0.02, 'a'],
    ['but some', [zero, a], [], 0.001, 'zero'],
    ['and all weights 0 share alike', [zero, proxy('other', 1, 0)], [], 0.6, 'other'],
    ['random just below 1 is the last', [a, b], [], 0.999_999_999_999, 'b'],
  ];
  it.each(cases)('%s', (_why, candidates, tried, random, name) => {
    expect(nextTarget(candidates, tried, random)?.name).toBe(name);
  });
});
