import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { foundFolder, readKept } from './found.js';
import { targets } from './targets.js';

const seedsFolder = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../../fuzz/seeds/' : './seeds/', import.meta.url));
const kept = [...readKept(seedsFolder), ...readKept(foundFolder)];

it('every kept input has its target', () => {
  const names = new Set(targets.map(({ name }) => name));
  expect(kept.filter(({ target }) => !names.has(target))).toEqual([]);
  expect(kept.length).toBeGreaterThan(0);
});

describe.each(targets)('$name', (target) => {
  it('holds for its own seeds and for every input that once broke it', () => {
    const inputs = [...target.seeds(), ...kept.filter((one) => one.target === target.name).map(({ input }) => input)];
    for (const input of inputs) expect(() => target.run(input)).not.toThrow();
  });
});
