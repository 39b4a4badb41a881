import { describe, expect, it } from 'vitest';
import { createLingering } from './lingering.js';

describe('what lingers', () => {
  it('is told oldest first, without what is gone', () => {
    const gone = new Set<number>();
    const lingering = createLingering<number>((item) => gone.has(item));
    expect(lingering.oldest()).toBeUndefined();
    for (let item = 1; item <= 5_000; item += 1) lingering.add(item);
    expect(lingering.oldest()).toBe(1);
    gone.add(2);
    expect(lingering.oldest()).toBe(1);
    gone.add(1);
    expect(lingering.oldest()).toBe(3);
    for (let item = 3; item <= 4_000; item += 1) gone.add(item);
    expect(lingering.oldest()).toBe(4_001);
    lingering.add(5_001);
    for (let item = 4_001; item <= 5_000; item += 1) gone.add(item);
    expect(lingering.oldest()).toBe(5_001);
    gone.add(5_001);
    expect(lingering.oldest()).toBeUndefined();
  });
});
