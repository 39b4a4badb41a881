import { describe, expect, it } from 'vitest';
import { instantText, secondsSince, shareText, shortBytes, shortMs, shortNumber, shortSpan } from './figures.js';

describe('figures for people', () => {
  it.each<[number, string]>([
    [Number.NaN, '0'],
    [-1, '0'],
    [0, '0'],
    [0.004, '0.00'],
    [0.25, '0.25'],
    [0.996, '1'],
    [1, '1'],
    [3.44, '3.4'],
    [9.96, '10'],
    [27.4, '27'],
    [812, '812'],
    [999.6, '1k'],
    [1234, '1.2k'],
    [45_000, '45k'],
    [3_100_000, '3.1M'],
    [7e12, '7000G'],
  ])('%d is told as %s', (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });

  it.each<[number, string]>([
    [0, '-'],
    [Number.POSITIVE_INFINITY, '-'],
    [0.44, '0.4 ms'],
    [9.96, '10 ms'],
    [999.7, '1 s'],
    [1800, '1.8 s'],
    [120_000, '2 min'],
  ])('%d ms is %s', (value, text) => {
    expect(shortMs(value)).toBe(text);
  });

  it.each<[number, string]>([
    [-5, '0 B'],
    [1023, '1023 B'],
    [1023.9, '1 KiB'],
    [4200, '4.1 KiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
  ])('%d bytes are %s', (value, text) => {
    expect(shortBytes(value)).toBe(text);
  });

  it.each<[number, number, string]>([
    [0, 0, '-'],
    [0, 5, '0 %'],
    [5, 5, '100 %'],
    [99_999, 100_000, '99.9 %'],
    [1, 100_000, '0.1 %'],
    [1, 3, '33.3 %'],
  ])('%d of %d is %s', (part, whole, text) => {
    expect(shareText(part, whole)).toBe(text);
  });

  it.each<[number, string]>([
    [-1, '-'],
    [45, '45 s'],
    [720, '12 min'],
    [12_600, '3.5 h'],
    [12 * 86_400, '12 d'],
  ])('%d s are %s', (value, text) => {
    expect(shortSpan(value)).toBe(text);
  });

  it('and times are told in UTC, what is none not at all', () => {
    expect(instantText(1_800_000_000_123n)).toBe('2027-01-15 08:00:00.123Z');
    expect([instantText(0n), instantText(2n ** 63n)]).toEqual(['', '']);
    expect(secondsSince(1000n, new Date(4000))).toBe(3);
    expect(secondsSince(9000n, new Date(4000))).toBe(0);
  });
});
