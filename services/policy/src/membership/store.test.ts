import type { KeyValue } from '@guildhall/chassis/key-value';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { Agreement, Community, Member, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it, vi } from 'vitest';
import { type EntryBody, encodeEntry, entryKey } from './bucket-entry.js';
import { followMembership, type StoreListener } from './store.js';

const by = { who: 'test', when: '', why: '', change: '' };
const community: Extract<EntryBody, { $case: 'community' }> = {
  $case: 'community',
  value: Community.fromPartial({ id: 'guild', name: 'Guild', model: 'clearinghouse', domain: 'hub.example' }),
};
const member = (id: string, rest: { domains?: string[]; status?: string } = {}): EntryBody => ({
  $case: 'member',
  value: Member.fromPartial({ id, name: id, role: 'member', status: 'active', domains: [`${id}.example`], ...rest }),
});
const agreement: EntryBody = {
  $case: 'agreement',
  value: Agreement.fromPartial({ first: 'a', second: 'b', mode: 'relay' }),
};
const rule: EntryBody = {
  $case: 'rule',
  value: Rule.fromPartial({ id: 'r', action: 'deny' }),
};

/** A listener that notes down what it is told. */
function notebook() {
  const notes: string[] = [];
  const listener: StoreListener = {
    changed: (membership, touched, problems) => {
      const whom = touched.all ? 'all' : [...touched.members].join(',');
      notes.push(`v${membership.version} ${whom} [${problems.join('; ')}]`);
    },
    empty: (bare) => notes.push(bare ? 'bare' : 'empty'),
    unusable: (key, why) => notes.push(`${key} ${why}`),
  };
  return { notes, listener };
}

async function bucketWith(...bodies: EntryBody[]): Promise<KeyValue> {
  const bucket = await memoryBus().keyValue('membership', { history: 4 });
  for (const body of bodies) await bucket.put(entryKey(body), encodeEntry(body, by));
  return bucket;
}

const put = (bucket: KeyValue, body: EntryBody) => bucket.put(entryKey(body), encodeEntry(body, by));
const settling = { quietMs: 0, mostMs: 5 };

describe('followMembership', () => {
  it('says that a bucket is bare, or has no community, and skips what cannot be read', async () => {
    const bare = notebook();
    const store = await followMembership(await bucketWith(), settling, bare.listener);
    expect([store.current(), store.entries(), bare.notes]).toEqual([undefined, undefined, ['bare']]);
    const { notes, listener } = notebook();
    const bucket = await bucketWith(member('a'));
    await bucket.put('member.b', Buffer.from('junk'));
    const other = await followMembership(bucket, settling, listener);
    expect([other.current(), other.unusable(), notes]).toEqual([undefined, 1, ['member.b is no membership entry', 'empty']]);
    store.stop();
    other.stop();
  });

  it('has the first snapshot at once', async () => {
    const { notes, listener } = notebook();
    const store = await followMembership(await bucketWith(member('a'), member('b'), community), settling, listener);
    expect(store.current()?.ids).toEqual(['a', 'b']);
    expect(store.entries()?.members).toHaveLength(2);
    expect(notes).toEqual(['v3 all []']);
    store.stop();
  });

  it.each<[string, EntryBody | 'junk' | 'gone', string]>([
    ['a status', member('a', { status: 'suspended' }), 'v4 a []'],
    ['domains, which decide for others too', member('a', { domains: ['a.test'] }), 'v4 all []'],
    ['a new member', member('c'), 'v4 all []'],
    ['a member gone', 'gone', 'v4 all []'],
    ['an agreement', agreement, 'v4 a,b []'],
    ['a rule', rule, 'v4 all [rule r is taken as a denial: its parties cannot be read]'],
    ['nothing but who wrote it', community, 'v4  []'],
    ['the community', { ...community, value: { ...community.value, name: 'Other' } }, 'v4 all []'],
    ['a value that cannot be read', 'junk', 'v4 all []'],
  ])('tells whom a change of %s concerns', async (_, change, expected) => {
    const { notes, listener } = notebook();
    const bucket = await bucketWith(member('a'), member('b'), community);
    const store = await followMembership(bucket, settling, listener);
    if (change === 'gone') await bucket.delete('member.a');
    else if (change === 'junk') await bucket.put('member.a', Buffer.from('junk'));
    else await put(bucket, change);
    await vi.waitFor(() => expect(notes.at(-1)).toBe(expected), 30_000);
    expect(store.current()?.version).toBe(4n);
    store.stop();
  });

  it('makes one snapshot of a burst of changes', async () => {
    const { notes, listener } = notebook();
    const bucket = await bucketWith(community);
    const store = await followMembership(bucket, { quietMs: 20, mostMs: 1000 }, listener);
    for (let at = 0; at < 50; at += 1) await put(bucket, member(`m${at}`));
    await vi.waitFor(() => expect(notes).toEqual(['v1 all []', 'v51 all []']), 30_000);
    expect(store.current()?.ids).toHaveLength(50);
    store.stop();
  });

  it('decides nothing any more once the community is gone', async () => {
    const { notes, listener } = notebook();
    const bucket = await bucketWith(member('a'), community);
    const store = await followMembership(bucket, settling, listener);
    await bucket.delete('community');
    await vi.waitFor(() => expect(notes.at(-1)).toBe('empty'), 30_000);
    expect(store.current()).toBeUndefined();
    await bucket.delete('member.a');
    await vi.waitFor(() => expect(notes.at(-1)).toBe('bare'), 30_000);
    store.stop();
  });
});
