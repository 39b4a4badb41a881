import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownerOf } from './rendezvous.js';

const ids = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 8 });

describe('the owner of a key', () => {
  it('is nobody when there is nobody', () => {
    expect(ownerOf('acme', [])).toBeUndefined();
  });

  it('does not depend on the order of the ids', () => {
    fc.assert(fc.property(fc.string(), ids, (key, some) => ownerOf(key, some) === ownerOf(key, [...some].reverse())));
  });

  it('changes only if it left, or to the one that came', () => {
    fc.assert(
      fc.property(fc.string(), ids, fc.nat(7), (key, some, index) => {
        const owner = ownerOf(key, some);
        const gone = some[index % some.length];
        const without = ownerOf(
          key,
          some.filter((id) => id !== gone),
        );
        if (gone !== owner) expect(without).toBe(owner);
      }),
    );
  });

  it.each([[['relay-1', 'relay-2']], [['a', 'b', 'c']], [['relay-0', 'relay-1', 'relay-2', 'relay-3']]])(
    'is spread evenly over %j',
    (some) => {
      const counts = new Map<string, number>();
      for (let index = 0; index < 4000; index += 1) {
        const owner = ownerOf(`member-${index}`, some) ?? '';
        counts.set(owner, (counts.get(owner) ?? 0) + 1);
      }
      for (const id of some) expect(Math.abs((counts.get(id) ?? 0) - 4000 / some.length)).toBeLessThan(300);
    },
  );

  it('is the same in every version of this program', () => {
    expect(['acme', 'bolt', 'cog', 'dyn'].map((key) => ownerOf(key, ['r1', 'r2', 'r3']))).toMatchInlineSnapshot(`
      [
        "r1",
        "r2",
        "r3",
        "r1",
      ]
    `);
  });
});
