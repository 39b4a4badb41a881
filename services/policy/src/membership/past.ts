import type { KeyValueEntry } from '@guildhall/chassis/key-value';
import { type Authorship, decodeNote, decodeStored, type EntryBody, type StoredEntry } from './bucket-entry.js';
import type { Snapshot } from './table.js';

/** One revision of one entry, read. */
export interface PastRevision {
  readonly key: string;
  readonly revision: number;
  /** Undefined: it was deleted, or cannot be read. */
  readonly body: EntryBody | undefined;
  readonly deleted: boolean;
  readonly by: Authorship;
  /** Words for a value that cannot be read. */
  readonly unreadable?: string;
}

/** Reads a revision. Who wrote it past us left no name; the server's time stands for theirs. */
export function readRevision({ key, value, revision, deleted, created }: KeyValueEntry): PastRevision {
  const read = deleted ? undefined : decodeStored(key, value);
  const unreadable = typeof read === 'string' ? { unreadable: read } : {};
  const found = read === undefined || typeof read === 'string' ? undefined : read;
  const by = found?.by ?? (deleted ? decodeNote(value) : { who: '', when: '', why: '', change: '' });
  return { key, revision, body: found?.body, deleted, by: by.when === '' ? { ...by, when: created.toISOString() } : by, ...unreadable };
}

/**
 * The oldest version of which everything is still known, when `keeps` revisions of a key are kept: of a key that has as many,
 * what was before its oldest is lost. 0 when there is nothing at all.
 */
export function oldestWhole(revisions: readonly KeyValueEntry[], keeps: number): number {
  const kept = new Map<string, { first: number; count: number }>();
  for (const { key, revision } of revisions) {
    const known = kept.get(key);
    if (known === undefined) kept.set(key, { first: revision, count: 1 });
    else known.count += 1;
  }
  let oldest = revisions.reduce((least, { revision }) => Math.min(least, revision), Number.POSITIVE_INFINITY);
  for (const { first, count } of kept.values()) if (count >= keeps) oldest = Math.max(oldest, first);
  return Number.isFinite(oldest) ? oldest : 0;
}

/** What the bucket said at a version; `revisions` by revision, oldest first. */
export function snapshotAt(revisions: readonly KeyValueEntry[], version: bigint): Snapshot {
  const latest = new Map<string, KeyValueEntry>();
  for (const entry of revisions) if (BigInt(entry.revision) <= version) latest.set(entry.key, entry);
  const stored = new Map<string, StoredEntry>();
  for (const entry of latest.values()) {
    const { key, revision, body, by } = readRevision(entry);
    if (body !== undefined) stored.set(key, { key, revision, body, by });
  }
  return { version, stored };
}
