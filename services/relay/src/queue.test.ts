import { describe, expect, it } from 'vitest';
import { createBudget, createLine } from './queue.js';

describe('the budget of a member', () => {
  it('refuses one too many', () => {
    const budget = createBudget({ count: 2, bytes: 1000 });
    expect([budget.admit(1), budget.admit(1), budget.admit(1)]).toEqual([true, true, false]);
    budget.release(1);
    expect(budget.admit(1)).toBe(true);
  });

  it('refuses bytes beyond its own, and takes smaller ones still', () => {
    const budget = createBudget({ count: 10, bytes: 1000 });
    expect([budget.admit(1001), budget.admit(600), budget.admit(401), budget.admit(400)]).toEqual([false, true, false, true]);
    expect([budget.count(), budget.bytes()]).toEqual([2, 1000]);
  });
});

describe('a line', () => {
  it('hands out what still waits, in order', () => {
    const left = new Set(['b']);
    const line = createLine<string>((item) => !left.has(item));
    for (const item of ['a', 'b', 'c']) line.push(item);
    const out: string[] = [];
    line.drain((item) => out.push(item));
    expect(out).toEqual(['a', 'c']);
    expect(line.length()).toBe(0);
  });

  it('keeps what is pushed while it is drained for the next time', () => {
    const line = createLine<string>(() => true);
    line.push('a');
    line.drain((item) => line.push(`${item} again`));
    const out: string[] = [];
    line.drain((item) => out.push(item));
    expect(out).toEqual(['a again']);
  });

  it('does not grow with those who have left', () => {
    const line = createLine<number>((item) => item >= 9_990);
    for (let item = 0; item < 10_000; item += 1) line.push(item);
    expect(line.length()).toBeLessThan(200);
    const out: number[] = [];
    line.drain((item) => out.push(item));
    expect(out).toHaveLength(10);
  });
});
