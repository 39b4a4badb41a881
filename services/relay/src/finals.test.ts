import { describe, expect, it } from 'vitest';
import { createFinals } from './finals.js';

function final(status: number) {
  return { status, head: '', source: Buffer.alloc(0), start: 0, end: 0 };
}

describe('the last final responses', () => {
  it('are forgotten after two ages', () => {
    const finals = createFinals(10);
    finals.keep('a', final(200));
    finals.age();
    expect(finals.find('a')?.status).toBe(200);
    finals.age();
    expect(finals.find('a')).toBeUndefined();
  });

  it('are the last ones, and never more than twice as many', () => {
    const finals = createFinals(10);
    for (let i = 0; i < 105; i += 1) finals.keep(`${i}`, final(200 + i));
    const kept = [...Array(105).keys()].filter((i) => finals.find(`${i}`) !== undefined);
    expect(kept.length).toBeGreaterThanOrEqual(10);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.at(-1)).toBe(104);
    expect(kept).toEqual(kept.map((_, index) => 105 - kept.length + index));
  });

  it('are replaced by a later one of the same branch', () => {
    const finals = createFinals(10);
    finals.keep('a', final(200));
    finals.keep('a', final(202));
    expect(finals.find('a')?.status).toBe(202);
  });
});
