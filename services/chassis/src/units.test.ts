import { describe, expect, it } from 'vitest';
import { byteCount, durationMs, renderBytes, renderDuration } from './units.js';

describe('time spans', () => {
  it.each(['', 'soon', '5 parsecs', '-1s', '1s2', '1e3', 's', '1.s', 'NaN', '٣s', '9'.repeat(20), '1 m s'])('refuses %j', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });
  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('refuses the number %s', (given) => {
    expect(durationMs(given)).toBeUndefined();
  });
  it.each([
    [250, 250],
    ['250', 250],
    ['250ms', 250],
    ['25s', 25_000],
    ['1.5s', 1500],
    ['3m', 180_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    [' 2 S ', 2000],
  ] as const)('reads %j', (given, ms) => {
    expect(durationMs(given)).toBe(ms);
  });
  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1500ms'],
    [180_000, '3m'],
    [86_400_000, '1d'],
  ] as const)('writes %d', (ms, text) => {
    expect(renderDuration(ms)).toBe(text);
    expect(durationMs(text)).toBe(ms);
  });
});

describe('sizes', () => {
  it.each(['', '1.5', 'MiB', '64Ki', '-1', '1 TB'])('refuses %j', (text) => {
    expect(byteCount(text)).toBeUndefined();
  });
  it.each([
    [4096, 4096],
    ['4096', 4096],
    ['64KiB', 65_536],
    ['1mib', 1_048_576],
    ['1.5KiB', 1536],
    ['10MB', 10_000_000],
  ] as const)('reads %j', (given, bytes) => {
    expect(byteCount(given)).toBe(bytes);
  });
  it.each([
    [1, '1B'],
    [65_536, '64KiB'],
    [1_048_576, '1MiB'],
    [1_048_577, '1048577B'],
  ] as const)('writes %d', (bytes, text) => {
    expect(renderBytes(bytes)).toBe(text);
    expect(byteCount(text)).toBe(bytes);
  });
});
