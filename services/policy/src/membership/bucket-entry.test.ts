import { Agreement, MembershipEntry, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry, type EntryBody, encodeEntry, entryKey, saysTheSame } from './bucket-entry.js';

const by = { who: 'me', when: '2026-01-01T00:00:00Z', why: 'because', change: '' };
const rule = (id: string): EntryBody => ({
  $case: 'rule',
  value: Rule.fromPartial({ id, action: 'deny' }),
});
const agreement = (first: string, second: string): EntryBody => ({
  $case: 'agreement',
  value: Agreement.fromPartial({ first, second, mode: 'relay' }),
});

describe('decodeEntry refuses', () => {
  it.each<[string, string, Uint8Array, string]>([
    ['no protobuf', 'rule.r', Buffer.from([0x0a, 0xff]), 'is no membership entry'],
    ['nothing', 'rule.r', Buffer.alloc(0), 'is of a kind this version does not know'],
    ['a kind of a later version', 'rule.r', Buffer.from([0x7a, 0x00]), 'is of a kind this version does not know'],
    ['a value under a strange key', 'rule.s', encodeEntry(rule('r'), by), 'stands under a key that is not its own'],
    ['a member under a rule', 'member.r', encodeEntry(rule('r'), by), 'stands under a key that is not its own'],
    ['an id that is no key', 'rule.a.b', encodeEntry(rule('a.b'), by), 'has an id that cannot be a key'],
    ['an empty id', 'rule.', encodeEntry(rule(''), by), 'has an id that cannot be a key'],
    ['an agreement the wrong way round', 'agreement.b.a', encodeEntry(agreement('b', 'a'), by), 'names its members in the wrong order'],
    ['an agreement with oneself', 'agreement.a.a', encodeEntry(agreement('a', 'a'), by), 'names its members in the wrong order'],
    ['too much', 'rule.r', Buffer.alloc(512 * 1024 + 1), 'is larger than 524288 bytes'],
  ])('%s', (_, key, value, why) => {
    expect(decodeEntry(key, value)).toBe(why);
  });

  it('any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(['string', 'object']).toContain(typeof decodeEntry('community', bytes));
      }),
    );
  });
});

describe('an entry', () => {
  it('is read back from under its own key', () => {
    for (const body of [rule('r'), agreement('a', 'b')]) expect(decodeEntry(entryKey(body), encodeEntry(body, by))).toEqual(body);
  });

  it('carries who, when and why', () => {
    expect(MembershipEntry.decode(encodeEntry(rule('r'), by))).toMatchObject(by);
  });

  it('says the same whoever wrote it', () => {
    const value = encodeEntry(rule('r'), by);
    expect(saysTheSame('rule.r', value, rule('r'))).toBe(true);
    expect(saysTheSame('rule.r', value, { $case: 'rule', value: Rule.fromPartial({ id: 'r', methods: ['INVITE'], action: 'deny' }) })).toBe(
      false,
    );
    expect(saysTheSame('rule.r', Buffer.from('junk'), rule('r'))).toBe(false);
  });
});
