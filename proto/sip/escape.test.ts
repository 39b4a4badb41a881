import { expect, it } from 'vitest';
import { printable } from './escape.js';

it.each([
  ['', ''],
  ['plain Text-1', 'plain Text-1'],
  ['a\r\nb\0c', 'a\\x0d\\x0ab\\x00c'],
  ['"\\', '\\x22\\x5c'],
  ['\u001b[31m', '\\x1b[31m'],
  ['\u007f\u0080\u00ff', '\\x7f\\x80\\xff'],
  ['\u2028\ud83d', '\\u2028\\ud83d'],
])('%j becomes %j', (text, safe) => {
  expect(printable(text)).toBe(safe);
});

it('cuts long text and says so', () => {
  expect(printable('abcdef', 3)).toBe('abc...');
  expect(printable('abc', 3)).toBe('abc');
  expect(printable('x'.repeat(300))).toBe(`${'x'.repeat(200)}...`);
});
