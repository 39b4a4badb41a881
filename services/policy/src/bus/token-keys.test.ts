import type { KeyValue } from '@guildhall/chassis/key-value';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { type TokenKey, TokenKeys } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { followTokenKeys, type TokenKeyStore } from './token-keys.js';

const hour = 3_600_000;
const rotation = { everyMs: 24 * hour, keep: 3 };

/** A world whose time stands still until it is moved, and whose randomness counts. */
function world() {
  const time = { wall: Date.now(), monotonic: 0 };
  let drawn = 0;
  const random = (bytes: number) => {
    drawn += 1;
    return Buffer.alloc(bytes, drawn);
  };
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
  };
  return { time, pass, needs: { random, wall: () => time.wall, monotonic: () => time.monotonic } };
}

const bucketOf = (): Promise<KeyValue> => memoryBus().keyValue('token-keys', { history: 1 });
const ids = (store: TokenKeyStore) => store.keys().map((key) => key.id);
const silent = { changed: () => undefined, lost: () => undefined };

describe('followTokenKeys', () => {
  it('has no keys until it is told to turn', async () => {
    const told: (readonly TokenKey[])[] = [];
    const store = await followTokenKeys(await bucketOf(), rotation, world().needs, { ...silent, changed: (keys) => told.push(keys) });
    expect(ids(store)).toEqual([]);
    await store.turn();
    expect(store.keys()).toEqual([{ id: Buffer.alloc(6, 1).toString('base64url'), secret: Buffer.alloc(32, 2) }]);
    expect(told).toEqual([store.keys()]);
  });

  it('makes one first key however many instances start', async () => {
    const bucket = await bucketOf();
    const stores = await Promise.all([1, 2, 3].map(() => followTokenKeys(bucket, rotation, world().needs, silent)));
    await Promise.all(stores.map((store) => store.turn()));
    expect(new Set(stores.map((store) => ids(store).join())).size).toBe(1);
    expect(stores.map((store) => store.keys().length)).toEqual([1, 1, 1]);
  });

  it('puts a new key in front when it is time, and lets go of the oldest', async () => {
    const { needs, pass } = world();
    const store = await followTokenKeys(await bucketOf(), rotation, needs, silent);
    await store.turn();
    const [first] = ids(store);
    pass(24 * hour - 1);
    await store.turn();
    expect(ids(store)).toEqual([first]);
    for (let turns = 0; turns < 3; turns += 1) {
      pass(24 * hour);
      await store.turn();
      await store.turn();
    }
    expect(store.keys()).toHaveLength(3);
    expect(ids(store)).not.toContain(first);
    expect(new Set(ids(store)).size).toBe(3);
  });

  it('turns once when several find that it is time', async () => {
    const bucket = await bucketOf();
    const { needs, pass } = world();
    const one = await followTokenKeys(bucket, rotation, needs, silent);
    const other = await followTokenKeys(bucket, rotation, needs, silent);
    await one.turn();
    pass(25 * hour);
    await Promise.all([one.turn(), other.turn()]);
    expect([one.keys().length, other.keys().length]).toEqual([2, 2]);
  });

  it('turns an old key that it finds at its start by the time of day', async () => {
    const bucket = await bucketOf();
    await (await followTokenKeys(bucket, rotation, world().needs, silent)).turn();
    const { needs, time } = world();
    time.wall += 25 * hour;
    const store = await followTokenKeys(bucket, rotation, needs, silent);
    await store.turn();
    expect(store.keys()).toHaveLength(2);
    // A clock that is wrong by a day must not turn at every look.
    await store.turn();
    expect(store.keys()).toHaveLength(2);
  });

  it('puts its keys back, with a new one in front, when the bucket lost them', async () => {
    const bucket = await bucketOf();
    let lost = 0;
    const store = await followTokenKeys(bucket, rotation, world().needs, { ...silent, lost: () => (lost += 1) });
    await store.turn();
    const [first] = ids(store);
    await bucket.delete('keys');
    expect([lost, ids(store)]).toEqual([1, [first]]);
    await store.turn();
    expect(ids(store).slice(1)).toEqual([first]);
  });

  it.each([
    ['junk', Buffer.from('junk junk junk')],
    ['nothing', Buffer.alloc(0)],
    ['keys that are too short', TokenKeys.encode({ keys: [{ id: 'a', secret: Buffer.alloc(31) }] }).finish()],
  ])('replaces %s', async (_, value) => {
    const bucket = await bucketOf();
    await bucket.put('keys', value);
    const store = await followTokenKeys(bucket, rotation, world().needs, silent);
    expect(ids(store)).toEqual([]);
    await store.turn();
    expect(store.keys()).toHaveLength(1);
  });
});
