import { type KeyValue, type KeyValueEntry, KeyValueError } from '@guildhall/chassis/key-value';
import { type TokenKey, TokenKeys } from '@guildhall/proto/gen/guildhall/bus/v1/ask';

/** When keys change. */
export interface Rotation {
  /** A new key signs after so many ms. */
  readonly everyMs: number;
  /** So many keys verify, the newest included: a dialog lives at most `keep - 1` rotations. */
  readonly keep: number;
}

/** What is taken from the world. */
export interface TokenKeyNeeds {
  random(bytes: number): Buffer;
  /** Time of day in ms, compared with the server's for a key that was there before this process. */
  wall(): number;
  /** Monotonic ms. */
  monotonic(): number;
}

/** The keys of route tokens, shared by all policy instances through their bucket. */
export interface TokenKeyStore {
  /** Newest first; empty only before the first `turn`, or when another instance wrote what cannot be read. */
  keys(): readonly TokenKey[];
  /** Makes the first key if there is none, and a new one if it is time. Safe to be called by several instances at once. Rejects with a KeyValueError. */
  turn(): Promise<void>;
  stop(): void;
}

/** The one key of the bucket. */
const bucketKey = 'keys';
const secretBytes = 32;
const idBytes = 6;

function newKey(random: (bytes: number) => Buffer): TokenKey {
  return { id: random(idBytes).toString('base64url'), secret: random(secretBytes) };
}

/** The usable keys of a value; none when it is something else. */
function readKeys(value: Uint8Array): TokenKey[] {
  try {
    return TokenKeys.decode(value).keys.filter((key) => key.id !== '' && key.secret.length === secretBytes);
  } catch {
    return [];
  }
}

/** What is told of the keys. */
export interface TokenKeyListener {
  /** These keys are in force now, newest first. */
  changed(keys: readonly TokenKey[]): void;
  /** The bucket lost them; those in memory stay in force until `turn` puts them back. */
  lost(): void;
}

/** Follows the bucket. Rejects with a KeyValueError when it cannot be read. */
export async function followTokenKeys(
  bucket: KeyValue,
  rotation: Rotation,
  needs: TokenKeyNeeds,
  listener: TokenKeyListener,
): Promise<TokenKeyStore> {
  let keys: readonly TokenKey[] = [];
  let entry: KeyValueEntry | undefined;
  let observedAt = 0;
  let observed = 0;

  const adopt = (told: KeyValueEntry): void => {
    if (entry?.revision === told.revision) return;
    observedAt = needs.monotonic();
    observed += 1;
    entry = told;
    keys = readKeys(told.value);
    listener.changed(keys);
  };

  const stop = await bucket.watch({
    entry(told) {
      if (told.key !== bucketKey) return;
      if (!told.deleted) {
        adopt(told);
        return;
      }
      observedAt = needs.monotonic();
      observed += 1;
      entry = undefined;
      listener.lost();
    },
    current: () => undefined,
  });

  /** A key that came while we watched is timed by our own clock, so that a wrong time of day cannot use keys up. */
  const isTime = (): boolean => {
    if (entry === undefined || keys.length === 0) return true;
    if (needs.monotonic() - observedAt >= rotation.everyMs) return true;
    return observed === 1 && needs.wall() - entry.created.getTime() >= rotation.everyMs;
  };

  return {
    keys: () => keys,
    async turn() {
      if (!isTime()) return;
      const value = TokenKeys.encode({ keys: [newKey(needs.random), ...keys].slice(0, rotation.keep) }).finish();
      try {
        if (entry === undefined) await bucket.create(bucketKey, value);
        else await bucket.put(bucketKey, value, { previousRevision: entry.revision });
      } catch (thrown) {
        if (!(thrown instanceof KeyValueError && thrown.code === 'conflict')) throw thrown;
        // Another instance was faster. Its key comes by the watch too, but nobody should wait for that.
        const theirs = await bucket.get(bucketKey);
        if (theirs !== undefined && theirs.revision > (entry?.revision ?? 0)) adopt(theirs);
      }
    },
    stop,
  };
}
