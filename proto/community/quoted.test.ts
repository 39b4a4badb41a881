import { expect, it } from 'vitest';
import { quoted } from './quoted.js';

it.each([
  ['plain', '"plain"'],
  ['a "b" \\', '"a \\"b\\" \\\\"'],
  ['a\r\nb', '"a\\u000d\\u000ab"'],
  ['\u001b[31m', '"\\u001b[31m"'],
  ['\u202eevil', '"\\u202eevil"'],
  ['\u2028', '"\\u2028"'],
  ['\ud800', '"\\ud800"'],
  ['Müller', '"Müller"'],
  ['x'.repeat(81), `"${'x'.repeat(80)}..."`],
])('%j reads %s', (text, result) => {
  expect(quoted(text)).toBe(result);
});
