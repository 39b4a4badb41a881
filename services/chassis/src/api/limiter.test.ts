import { describe, expect, it } from 'vitest';
import { createLimiter } from './limiter.js';

describe('a limiter', () => {
  it('lets a burst through, then so many a second, each key for itself', () => {
    let now = 0;
    const limiter = createLimiter(2, 3, () => now);
    const times = (key: string) => [1, 2, 3, 4, 5].filter(() => limiter.take(key)).length;
    expect(times('a')).toBe(3);
    expect(times('b')).toBe(3);
    now = 1000;
    expect(times('a')).toBe(2);
    now = 100_000;
    expect(times('a')).toBe(3);
  });

  it('does not grow with the number of keys, and forgets the one it has not seen for longest', () => {
    const limiter = createLimiter(0, 1, () => 0);
    expect(limiter.take('first')).toBe(true);
    for (let key = 0; key < 4095; key += 1) limiter.take(`k${key}`);
    expect(limiter.take('first')).toBe(false);
    for (let key = 0; key < 4096; key += 1) limiter.take(`other${key}`);
    expect(limiter.take('first')).toBe(true);
  });
});
