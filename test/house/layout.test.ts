import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filesBelow, isTest, linesMatching, read, root, sources } from './sources.js';

const production = sources().filter((path) => !isTest(path));

describe('the house', () => {
  it('has these rooms at the top and no other', () => {
    const shown = readdirSync(root, { withFileTypes: true }).filter(
      (entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules',
    );
    expect(shown.filter((entry) => entry.isDirectory()).map((entry) => entry.name)).toEqual(['deploy', 'proto', 'services', 'test']);
    expect(shown.filter((entry) => entry.isFile()).map((entry) => entry.name)).toEqual([
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'package-lock.json',
      'package.json',
      'tsconfig.base.json',
      'tsconfig.json',
      'turbo.json',
    ]);
  });

  it('finds the sources it speaks of', () => {
    expect(production.length).toBeGreaterThan(60);
  });

  it('keeps every file within 300 lines', () => {
    const long = sources().map((path) => ({ path, lines: read(path).split('\n').length - 1 }));
    expect(long.filter((file) => file.lines > 300)).toEqual([]);
  });

  it('has no barrels and no drawers', () => {
    const drawers = /(^|\/)(index|utils?|helpers?|common|misc|shared|types)\.(ts|mts|mjs)$/;
    expect(sources().filter((path) => drawers.test(path))).toEqual([]);
    expect(linesMatching(sources(), /^export \* from/)).toEqual([]);
  });

  it('silences no tool', () => {
    expect(
      linesMatching(
        sources(),
        /@ts-(ignore|expect-error|nocheck)|biome-ignore|eslint-disable|\bas any(?=[;,)\]>. ]|$)|\bas unknown as|<any>/,
      ).filter((at) => !at.startsWith('test/house/')),
    ).toEqual([]);
  });

  it('leaves nothing undone in comments', () => {
    expect(linesMatching(sources(), /\b(TODO|FIXME|XXX|HACK)\b/).filter((at) => !at.startsWith('test/house/'))).toEqual([]);
  });

  it('writes the lockfile without registry addresses', () => {
    expect(/"resolved": "http/.test(read('package-lock.json'))).toBe(false);
  });

  it('skips no test silently', () => {
    const tests = sources().filter(isTest);
    expect(linesMatching(tests, /\b(it|test|describe)\.(only|todo|skip)\(/)).toEqual([]);
    expect(filesBelow('test').length).toBeGreaterThan(20);
  });
});
