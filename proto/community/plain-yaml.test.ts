import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainYaml } from './plain-yaml.js';
import { readWholeYaml } from './read-yaml.js';

/** Both readers say the same, or the quick one says nothing. Returns whether it said something. */
function agrees(text: string): boolean {
  const plain = plainYaml(text);
  if (plain === undefined) return false;
  const whole = readWholeYaml(text);
  expect(whole.faults, text).toBeUndefined();
  expect(plain.root, text).toStrictEqual(whole.root);
  return true;
}

describe('plainYaml leaves to a whole reader', () => {
  it.each([
    '',
    '# only a comment',
    'a: 1\na: 2',
    '{ a: 1, a: 2 }',
    'null: 1',
    'a: &x 1',
    'a: *x',
    'a: !odd 1',
    'a: >\n  folded',
    'a: |+\n  kept',
    'a: |\n\n  later',
    'a: b: c',
    'a: "\\x41"',
    'a: one\n  two',
    'a: [1,\n  2]',
    'a: 007',
    'a: 1e5',
    'a: 0x10',
    'a: 1.5',
    'a: -1',
    'a: .inf',
    '<<: { a: 1 }',
    '"a": 1',
    '? a\n: 1',
    '---\na: 1',
    'a: 1\n...',
    '\ta: 1',
    'a: 1\r\n',
    '\ufeffa: 1',
    'a:\n  b: 1\n c: 2',
    '- a\nb: 1',
    'a:\n# c\n  b: 1',
    'a: 1\n- b',
    'a: [x',
    'a: {x}',
    'a: [x: 1]',
    'a: - b',
    ' a: 1\nb: 2',
    '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]',
  ])('%j', (text) => {
    expect(plainYaml(text)).toBeUndefined();
  });
});

describe('plainYaml reads', () => {
  it.each([
    ['a: 1 # one\n\n# two\nb: x y  \n', { a: 1, b: 'x y' }],
    ['a:\n- b\n-   c: 1\n    d:\n      # e\n- - f\n  - 10.0.0.1\nz: ~\n', { a: ['b', { c: 1, d: null }, ['f', '10.0.0.1']], z: null }],
    ['a: { b: [c, d e, ], f: {}, g: true } # h', { a: { b: ['c', 'd e'], f: {}, g: true } }],
    ['- |\n  one\n    two\n\n  three\n\n- |-\n  four', ['one\n  two\n\nthree\n', 'four']],
    [`a: "b \\"c\\" # d"\ne: 'f''g: h'`, { a: 'b "c" # d', e: "f'g: h" }],
    ['a: http://b.example:5061/#c', { a: 'http://b.example:5061/#c' }],
    ['constructor: 1\ntoString: { hasOwnProperty: x }', { constructor: 1, toString: { hasOwnProperty: 'x' } }],
    ['2027-01-31', '2027-01-31'],
  ])('%j', (text, expected) => {
    expect(plainYaml(text)?.root).toStrictEqual(expected);
    expect(agrees(text)).toBe(true);
  });

  it.each(['community.yaml', 'community.example.yaml'])('%s of this project, or leaves it', (name) => {
    agrees(readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8'));
  });
});

const piece = fc.constantFrom(
  ...['a', 'b', 'key', 'null', 'true', 'no', '12', '0', '1.5', '1e3', '.5', '10.0.0.1', '-', '~', '=', 'x y', 'ä', '\u2028', '\u00a0'],
  ...[': ', ':', ' ', '  ', '    ', '\n', '\n  ', '\n    ', '\n- ', '\n  - ', '- ', ', ', ',', '[', ']', '{', '}', '[]', '{}', '{ a: 1 }'],
  ...[
    '"',
    "'",
    '"q"',
    "'q'",
    "''",
    '\\',
    '#',
    ' # c',
    '|',
    '|-',
    '|\n  t',
    '|\n    t\n',
    '&x ',
    '*x',
    '!',
    '>',
    '?',
    '? ',
    '---',
    '...',
    '%',
    '@',
    '`',
  ],
  ...['\na: ', '\nb:', '\nc: [', '\n  d: ', '\n  e:\n', '\n  - f: ', '\n   ', '\t', '\r\n', '\n\n', '\n# c\n', '<<: '],
);

describe('plainYaml and a whole reader', () => {
  it('are of the same opinion about texts of all kinds', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        agrees(pieces.join(''));
      }),
      { numRuns: 3000 },
    );
  });

  it('are of the same opinion about what is near a sound text', () => {
    const sound = `a: 1\nlist:\n  - { b: c, d: [e, "f"] }\n  - g: h\n    i: |\n      j\n      k\n  - l # m\nn:\n- o\n- p: q\nr: 's'\n`;
    expect(agrees(sound)).toBe(true);
    fc.assert(
      fc.property(fc.nat(sound.length), fc.nat(3), fc.array(piece, { maxLength: 3 }), (at, gone, pieces) => {
        agrees(sound.slice(0, at) + pieces.join('') + sound.slice(at + gone));
      }),
      { numRuns: 3000 },
    );
  });
});
