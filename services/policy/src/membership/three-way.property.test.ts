import { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EntryBody, StoredEntry } from './bucket-entry.js';
import { bodyDigest } from './file-source.js';
import { threeWay } from './three-way.js';

const keys = ['member.a', 'member.b', 'member.c'];
const bodyOf = (key: string, name: string): EntryBody => ({ $case: 'member', value: { ...Member.create(), id: key.slice(7), name } });
/** Some of the keys, each with one of three sayings. */
const side = fc.record(
  { 'member.a': fc.constantFrom('x', 'y', 'z'), 'member.b': fc.constantFrom('x', 'y', 'z'), 'member.c': fc.constantFrom('x', 'y', 'z') },
  { requiredKeys: [] },
);
type Side = Partial<Record<string, string>>;
const bodies = (of: Side) =>
  new Map(keys.flatMap((key): [string, EntryBody][] => (of[key] === undefined ? [] : [[key, bodyOf(key, of[key])]])));
const by = { who: 'someone', when: '', why: '', change: '' };

it('what only one has changed is taken from that one, what both have changed alike is no matter, and the rest is told', () => {
  fc.assert(
    fc.property(side, side, side, (base: Side, file: Side, bucket: Side) => {
      const stored = new Map([...bodies(bucket)].map(([key, body]): [string, StoredEntry] => [key, { key, body, revision: 1, by }]));
      // The community itself, unchanged everywhere: a bucket that has none takes the file as it is.
      stored.set('rule.r', { key: 'rule.r', body: bodyOf('member.r', 'r'), revision: 1, by });
      const digests = new Map([...bodies(base)].map(([key, body]): [string, string] => [key, bodyDigest(body)]));
      const { wanted, crossings } = threeWay(digests, bodies(file), stored);
      for (const key of keys) {
        const [was, has, is] = [base[key], file[key], bucket[key]];
        const crossed = crossings.some((one) => one.key === key);
        expect(crossed).toBe(has !== was && is !== was && has !== is);
        expect(wanted.has(key)).toBe(has !== was && is === was && has !== is);
        if (wanted.has(key)) expect(wanted.get(key)).toEqual(bodies(file).get(key));
      }
    }),
  );
});
