import { describe, expect, it } from 'vitest';
import { readYaml } from './read-yaml.js';

const faults = (text: string) => readYaml(text).faults?.map((fault) => `${fault.line}:${fault.column} ${fault.message}`) ?? [];

describe('readYaml refuses', () => {
  it.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{a: '.repeat(100_000)],
    ['closed brackets', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['dashes', '- '.repeat(100_000)],
    ['question marks', '? '.repeat(100_000)],
    ['indentation', Array.from({ length: 1000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['brackets behind a sound beginning', `a: 1\nb: ${'['.repeat(100)}`],
  ])('nesting without end: %s', (_, text) => {
    expect(faults(text)).toEqual([expect.stringMatching(/^\d+:\d+ this is nested more than 64 levels deep$/)]);
  });

  it.each([
    ['a: [1', '1:6 this is not YAML'],
    ['a: 1\n a: 2', '1:4 this is not YAML'],
    ['a: 1\na: 2', '2:1 this is not YAML: Map keys must be unique'],
    ['a: !odd 1', '1:4 this is not YAML: Unresolved tag'],
    ['? [a]\n: 1', '1:3 this is not YAML: With stringKeys'],
    ['a: 1\n---\nb: 2', '2:1 a second document begins here: write one'],
    ['a: *b', '1:4 this is not YAML: the alias has no anchor before it'],
    ['a: [*b]\nc: &b 1', '1:5 this is not YAML: the alias has no anchor before it'],
    ['a: "\\q"', '1:5 this is not YAML'],
    ['\ta: 1', '1:1 this is not YAML'],
  ])('%j', (text, expected) => {
    expect(faults(text).join('\n')).toContain(expected);
  });

  it('aliases that multiply', () => {
    const levels = Array.from({ length: 12 }, (_, at) => `l${at + 1}: &l${at + 1} [${Array(10).fill(`*l${at}`).join(', ')}]`);
    expect(faults(`l0: &l0 x\n${levels.join('\n')}`)).toEqual(['8:9 this stands for more than 2000000 values: its aliases multiply']);
  });
});

describe('readYaml', () => {
  it('gives values and where they stand', () => {
    const reading = readYaml('a:\n  - { b: 1, c: &x { d: e } }\n  - *x\n# end\n');
    expect(reading.root).toEqual({ a: [{ b: 1, c: { d: 'e' } }, { d: 'e' }] });
    const at = (path: (string | number)[], part: 'key' | 'value') => {
      const place = reading.locate?.(path, part);
      return `${place?.line}:${place?.column}`;
    };
    expect(at([], 'value')).toBe('1:1');
    expect(at(['a'], 'key')).toBe('1:1');
    expect(at(['a', 0], 'value')).toBe('2:5');
    expect(at(['a', 0, 'c'], 'key')).toBe('2:13');
    expect(at(['a', 0, 'b'], 'value')).toBe('2:10');
    expect(at(['a', 1], 'value')).toBe('3:5');
    expect(at(['a', 1, 'd'], 'value')).toBe('2:24');
    expect(at(['a', 0, 'missing'], 'value')).toBe('2:5');
    expect(at(['a', 7, 'missing'], 'value')).toBe('2:3');
    expect(at(['nothing', 'at', 'all'], 'value')).toBe('1:1');
  });

  it('has no prototype but what is written', () => {
    expect(readYaml('&a __proto__: { b: 1 }\nc: *a').root).toEqual(
      Object.fromEntries([
        ['__proto__', { b: 1 }],
        ['c', '__proto__'],
      ]),
    );
  });

  it('looks up as many aliases and keys as there are members, and more', () => {
    const aliases = readYaml(`[&a x${', *a'.repeat(10_000)}]`).root;
    expect(Array.isArray(aliases) && aliases.every((one) => one === 'x') && aliases.length).toBe(10_001);
    const keys = Array.from({ length: 10_000 }, (_, at) => `k${at}: 1`);
    expect(faults(`{ ${keys.join(', ')}, x: &a 1, k7: *a }`).join()).toContain('Map keys must be unique');
  });

  it.each(['', '# only a comment', '---', '~'])('has nothing in %j', (text) => {
    const { root, faults: found } = readYaml(text);
    expect([root ?? null, found]).toEqual([null, undefined]);
  });

  it('takes nesting that a person writes', () => {
    expect(readYaml(`${'['.repeat(40)}${']'.repeat(40)}`).faults).toBeUndefined();
  });
});
