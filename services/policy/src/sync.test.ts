import type { KeyValue } from '@guildhall/chassis/key-value';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { communityEntries } from '@guildhall/proto/community/entries';
import { readCommunity } from '@guildhall/proto/community/file';
import { describe, expect, it } from 'vitest';
import { type Authorship, decodeEntry, type EntryBody, encodeEntry, entriesByKey } from './bucket-entry.js';
import { syncBucket } from './sync.js';

const by: Authorship = { who: 'test', when: '2026-01-01T00:00:00Z', why: 'test', change: '' };

function wantedOf(members: readonly string[], rules = ''): Map<string, EntryBody> {
  const text = `community: { id: guild }
hub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: { ca: [c] } }
members: [${members.map((id) => `{ id: ${id}, domains: [${id}.example] }`).join(', ')}]
rules: [${rules}]`;
  return entriesByKey(communityEntries(readCommunity(text, 'f'), new Map()));
}

const bucketOf = (): Promise<KeyValue> => memoryBus().keyValue('membership', { history: 4 });

async function content(bucket: KeyValue): Promise<Map<string, EntryBody | string>> {
  return new Map((await bucket.entries()).map((entry) => [entry.key, decodeEntry(entry.key, entry.value)]));
}

async function version(bucket: KeyValue): Promise<number> {
  return Math.max(...(await bucket.entries()).map((entry) => entry.revision));
}

describe('syncBucket', () => {
  it('fills an empty bucket, the community last', async () => {
    const bucket = await bucketOf();
    const order: string[] = [];
    await bucket.watch({ entry: (entry) => order.push(entry.key), current: () => undefined });
    const wanted = wantedOf(['a', 'b'], '{ id: r, from: { any: true }, to: { any: true }, action: deny }');
    expect(await syncBucket(bucket, wanted, by)).toEqual({ written: 4, deleted: 0 });
    expect(order).toEqual(['rule.r', 'member.a', 'member.b', 'community']);
    expect(await content(bucket)).toEqual(wanted);
  });

  it('writes nothing when nothing differs', async () => {
    const bucket = await bucketOf();
    await syncBucket(bucket, wantedOf(['a', 'b']), by);
    const before = await version(bucket);
    expect(await syncBucket(bucket, wantedOf(['a', 'b']), { ...by, who: 'somebody else' })).toEqual({ written: 0, deleted: 0 });
    expect(await version(bucket)).toBe(before);
  });

  it('writes only what differs and deletes what is gone, and what is there has a higher revision than the deletion', async () => {
    const bucket = await bucketOf();
    await syncBucket(bucket, wantedOf(['a', 'b', 'c']), by);
    const before = await version(bucket);
    expect(await syncBucket(bucket, wantedOf(['a', 'c']), by)).toEqual({ written: 0, deleted: 1 });
    expect(await content(bucket)).toEqual(wantedOf(['a', 'c']));
    expect(await version(bucket)).toBe(before + 2);
  });

  it('replaces values that cannot be read', async () => {
    const bucket = await bucketOf();
    await bucket.put('member.a', Buffer.from('junk'));
    await bucket.put('member.zzz', Buffer.from('junk'));
    await syncBucket(bucket, wantedOf(['a']), by);
    expect(await content(bucket)).toEqual(wantedOf(['a']));
  });

  it('converges when several do it at once, from any state', async () => {
    const bucket = await bucketOf();
    await syncBucket(bucket, wantedOf(['x', 'y', 'a']), by);
    const wanted = wantedOf(Array.from({ length: 200 }, (_, at) => `m${at}`).concat('a'));
    const results = await Promise.all([1, 2, 3].map((who) => syncBucket(bucket, wanted, { ...by, who: `instance ${who}` })));
    expect(await content(bucket)).toEqual(wanted);
    expect(results.reduce((sum, result) => sum + result.written, 0)).toBeGreaterThanOrEqual(200);
  });

  it('looks again when somebody is faster, and gives up only after many times', async () => {
    const bucket = await bucketOf();
    await syncBucket(bucket, wantedOf(['a']), by);
    const busy: KeyValue = {
      ...bucket,
      // Before each of our writes somebody else writes the same key.
      async put(key, value, options) {
        if (options?.previousRevision !== undefined)
          await bucket.put(key, encodeEntry({ $case: 'member', value: { ...member, name: String(value.length + Math.random()) } }, by));
        return bucket.put(key, value, options);
      },
    };
    const body = wantedOf(['a']).get('member.a');
    if (body?.$case !== 'member') throw new Error('member.a is a member');
    const member = body.value;
    const wanted = new Map<string, EntryBody>([...wantedOf(['a']), ['member.a', { $case: 'member', value: { ...member, name: 'other' } }]]);
    await expect(syncBucket(busy, wanted, by)).rejects.toMatchObject({ code: 'conflict' });
    expect(await syncBucket(bucket, wanted, by)).toEqual({ written: 1, deleted: 0 });
  });
});
