import { describe, expect, it } from 'vitest';
import { editHead } from './edit.js';
import { SipError } from './sip-error.js';

describe('editHead', () => {
  it.each([
    [[{ at: 2, until: 1, text: '' }], 'ends before it begins'],
    [[{ at: 0, until: 7, text: '' }], 'beyond the end'],
    [[{ at: -1, until: 0, text: '' }], 'before the start'],
    [
      [
        { at: 2, until: 4, text: '' },
        { at: 3, until: 4, text: '' },
      ],
      'overlapping',
    ],
    [
      [
        { at: 4, until: 4, text: '' },
        { at: 0, until: 0, text: '' },
      ],
      'descending',
    ],
  ])('refuses %j: %s', (edits) => {
    expect(() => editHead('abcdef', edits)).toThrow(SipError);
  });

  it.each([
    [[], 'abcdef'],
    [[{ at: 0, until: 0, text: 'X' }], 'Xabcdef'],
    [[{ at: 6, until: 6, text: 'X' }], 'abcdefX'],
    [[{ at: 0, until: 6, text: '' }], ''],
    [
      [
        { at: 1, until: 2, text: '' },
        { at: 2, until: 2, text: 'X' },
        { at: 2, until: 4, text: 'YZ' },
      ],
      'aXYZef',
    ],
  ])('%j', (edits, expected) => {
    expect(editHead('abcdef', edits)).toBe(expected);
  });
});
