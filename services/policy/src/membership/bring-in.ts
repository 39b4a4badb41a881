import { setImmediate as othersTurn } from 'node:timers/promises';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { authorityNameProblems } from './authority-names.js';
import { type Authorship, type EntryBody, encodeEntry, encodeNote, type StoredEntry, saysTheSame } from './bucket-entry.js';
import { inOrder, plan, type Write, written } from './change-plan.js';
import { type Check, checkCommunity } from './community-check.js';
import { type BroughtIn, bodyDigest, bodyDigests, broughtIn, fileParts } from './file-source.js';
import { readSnapshot } from './read-snapshot.js';
import type { Snapshot } from './table.js';
import { type Crossing, fileAuthorOf, threeWay } from './three-way.js';

/** A community file as it is on disk. */
export interface FileContent {
  readonly path: string;
  readonly digest: string;
  /** The PEM files that it names, as written. */
  readonly files: readonly string[];
  readonly entries: ReadonlyMap<string, EntryBody>;
}

/** What became of bringing a file in. */
export type Bringing =
  | { readonly result: 'done'; readonly written: number; readonly deleted: number }
  | { readonly result: 'crossed'; readonly crossings: readonly Crossing[] }
  /** With what others changed, the membership would contradict itself. */
  | { readonly result: 'contradicts'; readonly problems: readonly string[] };

/** Keys worked on at the same time. */
const atOnce = 256;
/** How often others may change the same under our hands before that is an error. */
const attempts = 20;

function isConflict(thrown: unknown): boolean {
  return thrown instanceof KeyValueError && thrown.code === 'conflict';
}

/** Writes one key. False: somebody else was faster, with something else. Another instance with the same file is no conflict. */
async function writeKey(bucket: KeyValue, { key, body, before }: Write, by: Authorship): Promise<boolean> {
  try {
    if (body === undefined) await bucket.delete(key, { previousRevision: before?.revision ?? 0 }, encodeNote(by));
    else if (before === undefined) await bucket.create(key, encodeEntry(body, by));
    else await bucket.put(key, encodeEntry(body, by), { previousRevision: before.revision });
    return true;
  } catch (thrown) {
    if (!isConflict(thrown)) throw thrown;
    const found = await bucket.get(key);
    return body === undefined ? found === undefined : found !== undefined && saysTheSame(key, found.value, body);
  }
}

async function writeAll(bucket: KeyValue, writes: readonly Write[], by: Authorship): Promise<boolean> {
  for (let from = 0; from < writes.length; from += atOnce) {
    const done = await Promise.all(writes.slice(from, from + atOnce).map((write) => writeKey(bucket, write, by)));
    if (done.includes(false)) return false;
  }
  return true;
}

/** What differs from what is remembered of the file. Whatever is too much is deleted. */
function sourceWrites(snapshot: Snapshot, next: BroughtIn): Write[] {
  const parts = fileParts(next);
  const surplus = [...snapshot.stored.values()].filter(({ key, body }) => body.$case === 'file' && !parts.has(key));
  return [
    ...[...parts].map(([key, body]): Write => ({ key, body, before: snapshot.stored.get(key) })),
    ...surplus.map((before): Write => ({ key: before.key, body: undefined, before })),
  ].filter(({ body, before }) => body === undefined || before === undefined || bodyDigest(before.body) !== bodyDigest(body));
}

/** A file was checked when it was read. */
const checkedAlready = (): Check => ({ problems: [], warnings: [] });

/** Whether the membership will say what the file says and nothing else: nobody has changed anything beside it. */
function comesToTheFile(
  { stored }: Snapshot,
  wanted: ReadonlyMap<string, EntryBody | undefined>,
  digests: ReadonlyMap<string, string>,
): boolean {
  const others = [...stored.values()].filter(({ key, body }) => body.$case !== 'authority' && body.$case !== 'file' && !wanted.has(key));
  const brought = [...wanted.values()].filter((body) => body !== undefined).length;
  return others.length + brought === digests.size && others.every(({ key, body }) => digests.get(key) === bodyDigest(body));
}

/** The writes, and what keeps them from being done. A bucket without a community takes what was checked as a whole already, but for the authorities' names. */
function planned(
  snapshot: Snapshot,
  wanted: ReadonlyMap<string, EntryBody | undefined>,
  digests: ReadonlyMap<string, string>,
): { writes: readonly Write[]; problems: readonly string[] } {
  const isEmpty = ![...snapshot.stored.values()].some(({ body }) => body.$case !== 'authority' && body.$case !== 'file');
  if (!isEmpty) return plan(snapshot, { wanted }, comesToTheFile(snapshot, wanted, digests) ? checkedAlready : checkCommunity);
  const writes = inOrder([...wanted].map(([key, body]) => ({ key, body, before: undefined })));
  return { writes, problems: authorityNameProblems(written(snapshot, writes), writes) };
}

/** Values that cannot be read, under keys that the file has: they are written over. */
function repaired(writes: readonly Write[], unreadable: ReadonlyMap<string, number>): Write[] {
  return writes.map((write) => {
    const revision = unreadable.get(write.key);
    if (revision === undefined || write.before !== undefined || write.body === undefined) return write;
    const before: StoredEntry = { key: write.key, body: write.body, revision, by: { who: '', when: '', why: '', change: '' } };
    return { ...write, before };
  });
}

async function attempt(bucket: KeyValue, file: FileContent, by: Authorship): Promise<Bringing | undefined> {
  const { unreadable, ...snapshot } = await readSnapshot(bucket);
  const entries = bodyDigests(file.entries);
  const { wanted, crossings } = threeWay(broughtIn(snapshot.stored.values())?.entries, file.entries, snapshot.stored, entries);
  if (crossings.length > 0) return { result: 'crossed', crossings };
  // A community of many is a while in the making: others get their turn in between.
  await othersTurn();
  const { writes, problems } = planned(snapshot, wanted, entries);
  await othersTurn();
  if (problems.length > 0) return { result: 'contradicts', problems };
  const sources = sourceWrites(snapshot, { digest: file.digest, files: file.files, entries });
  // What is remembered comes last: an entry that was not written would count as taken over otherwise.
  const done = (await writeAll(bucket, repaired(writes, unreadable), by)) && (await writeAll(bucket, sources, by));
  if (!done) return undefined;
  return {
    result: 'done',
    written: writes.filter(({ body }) => body !== undefined).length,
    deleted: writes.filter(({ body }) => body === undefined).length,
  };
}

/**
 * Brings a community file into the bucket, which is the truth: only what the file has changed since it was brought in last
 * is written, and a file that changes what others have changed too is refused as a whole. Safe to be done by several at once: every write
 * is a compare-and-set, and whoever loses compares anew. Rejects with a KeyValueError.
 */
export async function bringIn(bucket: KeyValue, file: FileContent, at: { when: string; change: string }): Promise<Bringing> {
  const by: Authorship = { who: fileAuthorOf(file.path), why: 'read by policy', ...at };
  for (let left = attempts; left > 0; left -= 1) {
    const done = await attempt(bucket, file, by);
    if (done !== undefined) return done;
  }
  throw new KeyValueError('conflict', 'others keep changing the membership while the community file is brought in');
}
