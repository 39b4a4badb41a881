import { describe, expect, it } from 'vitest';
import { type Campaign, fuzz } from './campaign.js';
import { minimise } from './minimise.js';
import { mutate } from './mutate.js';
import { createRandom } from './random.js';
import { Broken, bytesOf, promise, type Target } from './target.js';
import { targets } from './targets.js';

/** Breaks on "ab" before "yz". */
const brittle: Target = {
  name: 'brittle',
  about: '',
  longest: 64,
  words: ['ab', 'yz'],
  seeds: () => [bytesOf('hello ab there')],
  make: (random) => bytesOf(random.pick(['ab', 'cd', 'yz'])),
  run(input) {
    const text = input.toString('latin1');
    promise(!/ab.*yz/s.test(text), `ab is not before yz: ${text.length}`);
    return text.slice(0, 1);
  },
};
const bounds = { executions: 20_000, until: Number.POSITIVE_INFINITY, seed: 4, findings: 3 };
const still = { clock: () => 0 };

describe('a campaign', () => {
  it('finds what breaks a promise, once, and makes it small', () => {
    const { findings } = fuzz(brittle, bounds, still);
    expect(findings.map(({ what, smallest }) => [what, smallest.toString()])).toEqual([['Broken: ab is not before yz: 4', 'abyz']]);
  });

  it('does the same with the same seed, and another thing with another', () => {
    const inputs = (seed: number): string => {
      const seen: string[] = [];
      fuzz(brittle, { ...bounds, executions: 200, seed }, { ...still, running: (input) => seen.push(input.toString('latin1')) });
      return seen.join('|');
    };
    expect(inputs(4)).toBe(inputs(4));
    expect(inputs(4)).not.toBe(inputs(5));
  });

  it('ends when its time is over, and after as many findings as it may have', () => {
    let now = 0;
    const clock = (): number => {
      now += 1;
      return now;
    };
    expect(fuzz(brittle, { ...bounds, until: 3 }, { clock }).executions).toBe(256);
    let last = '';
    const broken: Target = {
      ...brittle,
      run() {
        last += 'x';
        throw new Broken(`another each time ${last}`);
      },
    };
    expect(fuzz(broken, bounds, still).findings.length).toBe(3);
  });
});

describe('its pieces', () => {
  it('numbers that look random stay in bounds and reach them', () => {
    const random = createRandom(1);
    const seen = new Set(Array.from({ length: 1_000 }, () => random.below(8)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  it('mutation keeps to the longest and leaves its input as it is', () => {
    const random = createRandom(2);
    const input = bytesOf('a: b\r\nc: 12\r\n\r\nbody');
    for (let round = 0; round < 5_000; round += 1) {
      const changed = mutate(random, input, bytesOf('other'), ['word'], 40);
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.length).toBeLessThanOrEqual(40);
    }
    expect(input.toString()).toBe('a: b\r\nc: 12\r\n\r\nbody');
  });

  it('what is made small still fails', () => {
    expect(minimise(bytesOf('xxxxQxxxxxxRxxx'), (one) => /Q.*R/.test(one.toString())).toString()).toBe('QR');
    expect(minimise(bytesOf('hello'), (one) => one.length >= 3).toString()).toBe('aaa');
  });
});

/** They read YAML. */
const slow = new Set(['community', 'api']);

describe.each(targets)('$name: $about', (target) => {
  it('holds for some thousands of inputs', () => {
    const executions = slow.has(target.name) ? 300 : 4_000;
    const found: Campaign = fuzz(target, { executions, until: Number.POSITIVE_INFINITY, seed: 20_261_122, findings: 1 }, still);
    expect(found.findings.map(({ what, smallest }) => `${what} ${JSON.stringify(smallest.toString('latin1'))}`)).toEqual([]);
    expect(found.outcomes).toBeGreaterThan(10);
  });
});
