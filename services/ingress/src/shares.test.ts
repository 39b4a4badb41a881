import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairLevel, passingPart, roomLevel } from './shares.js';

describe('the fair level', () => {
  it.each<[readonly number[], number, number]>([
    [[], 100, Number.POSITIVE_INFINITY],
    [[10, 20], 100, Number.POSITIVE_INFINITY],
    [[50, 50], 100, Number.POSITIVE_INFINITY],
    [[100, 100], 100, 50],
    [[10, 1_000], 100, 90],
    [[10, 30, 1_000, 1_000], 100, 30],
    [[10, 20, 1_000, 1_000], 100, 35],
    [[1, 2, 4, 8, 16, 32, 64], 64, 16.5],
    [[5], 0, 0],
    [[10, Number.POSITIVE_INFINITY], 100, 90],
    [[10, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 100, 45],
  ])('of %j and %d is %d', (asked, total, level) => {
    expect(fairLevel(asked, total)).toBe(level);
  });

  it('hands out all there is, and nobody below it loses anything', () => {
    const asks = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 100_000 }), (asked, total) => {
        const level = fairLevel(asked, total);
        const given = asked.reduce((sum, one) => sum + Math.min(one, level), 0);
        const wanted = asked.reduce((sum, one) => sum + one, 0);
        expect(given).toBeCloseTo(Math.min(wanted, total), 3);
      }),
    );
  });
});

describe('the level with room for one more', () => {
  it.each<[readonly number[], number, number]>([
    [[], 100, 100],
    [[10, 20], 100, 90],
    [[50, 50], 100, 50],
    [[50, 40], 100, 60],
    [[100, 100], 100, 50],
    [[10, Number.POSITIVE_INFINITY], 100, 90],
  ])('of %j and %d is %d', (asked, total, level) => {
    expect(roomLevel(asked, total)).toBe(level);
  });
});

describe('the part a peer is told to send', () => {
  it('moves by a factor of two at most, and never to nothing', () => {
    expect(passingPart(1, 100, 90)).toBeCloseTo(0.9);
    expect(passingPart(1, 1_000, 90)).toBe(0.5);
    expect(passingPart(0.06, 1_000, 90)).toBe(0.05);
    expect(passingPart(0.5, 0, 90)).toBe(1);
    expect(passingPart(0.2, 10, 90)).toBe(0.4);
    expect(passingPart(0.9, 10, Number.POSITIVE_INFINITY)).toBe(1);
  });

  it('settles where the peer asks for its level, if it does as it is told', () => {
    let part = 1;
    for (let step = 0; step < 20; step += 1) part = passingPart(part, 1_000 * part, 120);
    expect(1_000 * part).toBeCloseTo(120, 0);
  });
});
