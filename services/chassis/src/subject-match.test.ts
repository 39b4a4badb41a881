import { describe, expect, it } from 'vitest';
import { subjectMatcher } from './subject-match.js';

describe('a subject', () => {
  it.each<[string, string, boolean]>([
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.b', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['a.*.c', 'a.b.c', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a.b', true],
    ['', 'a', false],
    ['a.b', 'A.b', false],
  ])('of the pattern %j and the name %j fits: %s', (pattern, subject, fits) => {
    expect(subjectMatcher(pattern)(subject)).toBe(fits);
  });
});
