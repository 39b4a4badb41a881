import type { KeyValue } from '@guildhall/chassis/key-value';
import { decodeStored, type StoredEntry } from './bucket-entry.js';
import type { Snapshot } from './table.js';

/** The bucket as it is, read as a whole, and the revisions of values that cannot be read, by key. Rejects with a KeyValueError. */
export async function readSnapshot(bucket: KeyValue): Promise<Snapshot & { readonly unreadable: ReadonlyMap<string, number> }> {
  const unreadable = new Map<string, number>();
  const stored = new Map<string, StoredEntry>();
  const entries = await bucket.entries();
  let version = 0;
  for (const { key, value, revision } of entries) {
    const read = decodeStored(key, value);
    version = Math.max(version, revision);
    if (typeof read === 'string') unreadable.set(key, revision);
    else stored.set(key, { key, revision, ...read });
  }
  return { version: BigInt(version), stored, unreadable };
}
