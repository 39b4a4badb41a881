import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { plainYaml } from './plain-yaml.js';
import { readWholeYaml } from './read-yaml.js';

/** Where both readers read a text, they read the same. Returns whether they did. */
function agrees(text: string): boolean {
  const plain = plainYaml(text);
  const whole = readWholeYaml(text);
  if (plain === undefined || whole.faults !== undefined) return false;
  expect(plain.root, text).toStrictEqual(whole.root);
  return true;
}

describe('plainYaml leaves to a whole reader', () => {
  it.each([
    '',
    '# only a comment',
    'a: 1\na: 2',
    '{ a: 1, a: 2 }',
    'a: &x 1',
    'a: *x',
    'a: !odd 1',
    '? [a]\n: 1',
    'a: 1\n---\nb: 1',
    '\ta: 1',
    'a: [x',
    'a: - b',
    '~',
    `${'['.repeat(101)}${']'.repeat(101)}`,
    '['.repeat(100_000),
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

const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
const scalar = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    'no',
    '~',
    '=',
    '- a',
    'a: b',
    ' # c',
    '|',
    '0x1f',
    '0o17',
    '1_000',
    '.5',
    '1e3',
    '10.0.0.1',
    '2027-01-31',
    '@',
    '%',
    '?',
    ':',
  ),
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  map: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));

describe('plainYaml and a whole reader', () => {
  it.each(['block', 'flow'] as const)('read the same of whatever is written, %s', (style) => {
    let read = 0;
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 4, noNullPrototype: true }), (root) => {
        const text = stringify(root, { collectionStyle: style });
        if (agrees(text)) read += 1;
      }),
      { numRuns: 500 },
    );
    // What has an ampersand is left to the whole reader.
    expect(read).toBeGreaterThan(250);
  });
});
