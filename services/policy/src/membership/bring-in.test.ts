import type { KeyValue } from '@guildhall/chassis/key-value';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it } from 'vitest';
import { bringIn, type FileContent } from './bring-in.js';
import { decodeEntry, type EntryBody, encodeEntry } from './bucket-entry.js';
import { broughtIn, fileParts } from './file-source.js';
import { fileContent } from './membership.stage.js';
import { readSnapshot } from './read-snapshot.js';

const at = { when: '2026-01-01T00:00:00.000Z', change: 'c' };
const someone = { who: 'operator (token x)', when: '2026-02-02T00:00:00.000Z', why: '', change: 'd' };
const bucketOf = (): Promise<KeyValue> => memoryBus().keyValue('membership', { history: 8 });
const fileOf = (ids: readonly string[], rest: { status?: string; rules?: string } = {}): FileContent =>
  fileContent({
    members: `[${ids.map((id) => `{ id: ${id}, domains: [${id}.test]${id === 'a' && rest.status !== undefined ? `, status: ${rest.status}` : ''} }`).join(', ')}]`,
    ...(rest.rules === undefined ? {} : { rules: rest.rules }),
  });
const memberBody = (id: string, rest: Partial<Member> = {}): EntryBody => ({
  $case: 'member',
  value: { ...Member.create(), id, name: id, role: 'member', status: 'active', dialect: 'standard', domains: [`${id}.test`], ...rest },
});
const byHand = async (bucket: KeyValue, body: EntryBody & { $case: 'member' }) =>
  bucket.put(`member.${body.value.id}`, encodeEntry(body, someone));
const hand = (id: string, rest: Partial<Member> = {}) => {
  const body = memberBody(id, rest);
  if (body.$case !== 'member') throw new Error('it is a member');
  return body;
};

async function members(bucket: KeyValue): Promise<string[]> {
  return (await bucket.entries()).flatMap(({ key, value }) => {
    const body = decodeEntry(key, value);
    return typeof body !== 'string' && body.$case === 'member' ? [`${body.value.id} ${body.value.status}`] : [];
  });
}

describe('a file is refused as a whole', () => {
  it('when it changes what somebody else has changed', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a', 'b']), at);
    await byHand(bucket, hand('a', { status: 'quarantined' }));
    const before = await bucket.lastRevision();
    const result = await bringIn(bucket, fileOf(['a', 'b', 'c'], { status: 'suspended' }), at);
    expect(result).toMatchObject({ result: 'crossed', crossings: [{ key: 'member.a', found: { by: someone } }] });
    expect(await bucket.lastRevision()).toBe(before);
  });

  it('when it removes what somebody else has changed, or changes what somebody else has removed', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a', 'b', 'c']), at);
    await byHand(bucket, hand('c', { status: 'suspended' }));
    await bucket.delete('member.a');
    const result = await bringIn(bucket, fileOf(['a', 'b'], { status: 'suspended' }), at);
    expect(result).toMatchObject({ result: 'crossed', crossings: [{ key: 'member.a', found: undefined }, { key: 'member.c' }] });
  });

  it('when it adds what somebody else has added in another way', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a']), at);
    await byHand(bucket, hand('b', { status: 'pending' }));
    expect(await bringIn(bucket, fileOf(['a', 'b']), at)).toMatchObject({ result: 'crossed', crossings: [{ key: 'member.b' }] });
  });

  it('when it contradicts what others have added', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a']), at);
    await byHand(bucket, hand('x', { domains: ['b.test'] }));
    const before = await bucket.lastRevision();
    const result = await bringIn(bucket, fileOf(['a', 'b']), at);
    expect(result).toEqual({ result: 'contradicts', problems: ['member x: domains[0]: b.test belongs to the member b already'] });
    expect(await bucket.lastRevision()).toBe(before);
  });

  it('when nothing is known of an earlier file and the bucket was written by hand', async () => {
    const bucket = await bucketOf();
    await byHand(bucket, hand('a', { status: 'pending' }));
    expect(await bringIn(bucket, fileOf(['a']), at)).toMatchObject({ result: 'crossed' });
  });
});

describe('a file', () => {
  it('fills an empty bucket: rules first, the community after its parts, what is remembered last', async () => {
    const bucket = await bucketOf();
    const order: string[] = [];
    await bucket.watch({ entry: ({ key }) => order.push(key), current: () => undefined });
    const file = fileOf(['a', 'b'], { rules: '[{ id: r, from: { any: true }, to: { any: true }, action: deny }]' });
    expect(await bringIn(bucket, file, at)).toEqual({ result: 'done', written: 4, deleted: 0 });
    expect(order).toEqual(['rule.r', 'member.a', 'member.b', 'community', 'file']);
  });

  it('that is brought in again writes nothing', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a', 'b']), at);
    const before = await bucket.lastRevision();
    expect(await bringIn(bucket, fileOf(['a', 'b']), { ...at, when: '2027-01-01T00:00:00.000Z' })).toEqual({
      result: 'done',
      written: 0,
      deleted: 0,
    });
    expect(await bucket.lastRevision()).toBe(before);
  });

  it('changes only what it has changed itself, and leaves what others did', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a', 'b', 'c']), at);
    await byHand(bucket, hand('b', { status: 'suspended' }));
    await byHand(bucket, hand('x'));
    expect(await bringIn(bucket, fileOf(['a', 'b', 'd'], { status: 'pending' }), at)).toEqual({ result: 'done', written: 2, deleted: 1 });
    expect(await members(bucket)).toEqual(['a pending', 'b suspended', 'd active', 'x active']);
    // What others changed goes on being theirs.
    expect(await bringIn(bucket, fileOf(['a', 'b', 'd']), at)).toEqual({ result: 'done', written: 1, deleted: 0 });
    expect(await members(bucket)).toEqual(['a active', 'b suspended', 'd active', 'x active']);
  });

  it('that says what somebody else has done already is no conflict', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a']), at);
    await byHand(bucket, hand('a', { status: 'suspended' }));
    expect(await bringIn(bucket, fileOf(['a'], { status: 'suspended' }), at)).toEqual({ result: 'done', written: 0, deleted: 0 });
  });

  it('takes over what an earlier hub brought in, of which nothing is remembered', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a', 'b']), at);
    await bucket.delete('file');
    expect(await bringIn(bucket, fileOf(['a'], { status: 'suspended' }), at)).toEqual({ result: 'done', written: 1, deleted: 1 });
    expect(await members(bucket)).toEqual(['a suspended']);
  });

  it('is brought in anew where everything but the hub’s own was lost', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a']), at);
    for (const { key } of await bucket.entries()) if (key !== 'file') await bucket.delete(key);
    expect(await bringIn(bucket, fileOf(['a']), at)).toEqual({ result: 'done', written: 2, deleted: 0 });
  });

  it('writes over values that cannot be read', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['b']), at);
    await bucket.put('member.a', Buffer.from('junk'));
    expect(await bringIn(bucket, fileOf(['a', 'b']), at)).toEqual({ result: 'done', written: 1, deleted: 0 });
    expect(await members(bucket)).toEqual(['a active', 'b active']);
  });

  it('is brought in by several at once as by one', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['x', 'y', 'a']), at);
    const next = fileOf(['a', ...Array.from({ length: 200 }, (_, place) => `m${place}`)]);
    const results = await Promise.all([1, 2, 3].map((who) => bringIn(bucket, next, { ...at, change: String(who) })));
    expect(results.map(({ result }) => result)).toEqual(['done', 'done', 'done']);
    expect((await members(bucket)).length).toBe(201);
  });

  it('gives up when others never stop changing the same', async () => {
    const bucket = await bucketOf();
    await bringIn(bucket, fileOf(['a']), at);
    const busy: KeyValue = {
      ...bucket,
      async put(key, value, premise) {
        if (key === 'file') await bucket.put(key, Buffer.from(`junk ${Math.random()}`));
        return bucket.put(key, value, premise);
      },
    };
    await expect(bringIn(busy, fileOf(['a'], { status: 'pending' }), at)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('what is remembered of a file', () => {
  it('is read back, however large the community', async () => {
    for (const size of [0, 1, 1500, 1501, 10_000]) {
      const entries = new Map(Array.from({ length: size }, (_, place): [string, string] => [`member.m${place}`, 'ab'.repeat(32)]));
      const whole = { digest: 'd', files: ['ca.crt'], entries };
      const parts = fileParts(whole);
      const stored = [...parts].map(([key, body], place) => ({ key, body, revision: place + 1, by: someone }));
      expect(broughtIn(stored)).toEqual(whole);
      for (const body of parts.values()) expect(encodeEntry(body, someone).length).toBeLessThan(400 * 1024);
      if (parts.size > 1) expect(broughtIn(stored.slice(1))).toBeUndefined();
    }
  });

  it('stands in the bucket with the file’s digest', async () => {
    const bucket = await bucketOf();
    const file = fileOf(['a']);
    await bringIn(bucket, file, at);
    expect(broughtIn((await readSnapshot(bucket)).stored.values())).toMatchObject({ digest: file.digest });
  });
});
