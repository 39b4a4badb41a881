import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { type Authorship, encodeEntry, encodeNote } from './bucket-entry.js';
import type { Write } from './change-plan.js';

/** What became of the writes of a change. */
export type Written =
  | { readonly result: 'done'; readonly revisions: ReadonlyMap<string, number>; readonly last: number }
  /** Somebody changed something since the plan was made; nothing was written. */
  | { readonly result: 'late' }
  /** Somebody changed this key while the change was being written; what was written is undone. */
  | { readonly result: 'crossed'; readonly key: string };

/** Keys written at the same time. */
const atOnce = 64;

function isConflict(thrown: unknown): boolean {
  return thrown instanceof KeyValueError && thrown.code === 'conflict';
}

/** Writes one key, building on what was there. Resolves to the revision. */
function writeOne(bucket: KeyValue, { key, body, before }: Write, by: Authorship): Promise<number> {
  if (body === undefined) return bucket.delete(key, { previousRevision: before?.revision ?? 0 }, encodeNote(by));
  if (before === undefined) return bucket.create(key, encodeEntry(body, by));
  return bucket.put(key, encodeEntry(body, by), { previousRevision: before.revision });
}

/** Puts back what was there, unless somebody has changed it again. */
async function undo(bucket: KeyValue, writes: readonly Write[], revisions: ReadonlyMap<string, number>, by: Authorship): Promise<void> {
  const note = { ...by, why: `undone, because somebody else changed the same: ${by.why}` };
  for (const { key, before } of writes.toReversed()) {
    const previousRevision = revisions.get(key);
    if (previousRevision === undefined) continue;
    const restored =
      before === undefined
        ? bucket.delete(key, { previousRevision }, encodeNote(note))
        : bucket.put(key, encodeEntry(before.body, note), { previousRevision });
    await restored.catch((thrown: unknown) => {
      if (!isConflict(thrown)) throw thrown;
    });
  }
}

/**
 * Writes a change. Its first write is made on the premise that nothing at all was changed since `lastRevision`, so that of two changes
 * that were planned from the same membership one is told; the others build on their own keys. Writes of different keys are no
 * transaction in JetStream: should somebody who does not ask first cross a change of several keys, it is undone as a whole.
 * Rejects with a KeyValueError when the bucket cannot be written.
 */
export async function writeChange(bucket: KeyValue, writes: readonly Write[], by: Authorship, lastRevision: number): Promise<Written> {
  const [first, ...rest] = writes;
  if (first === undefined) return { result: 'done', revisions: new Map(), last: lastRevision };
  const revisions = new Map<string, number>();
  try {
    const premise = { lastRevision };
    const revision =
      first.body === undefined
        ? await bucket.delete(first.key, premise, encodeNote(by))
        : await bucket.put(first.key, encodeEntry(first.body, by), premise);
    revisions.set(first.key, revision);
  } catch (thrown) {
    if (isConflict(thrown)) return { result: 'late' };
    throw thrown;
  }
  for (let from = 0; from < rest.length; from += atOnce) {
    const batch = rest.slice(from, from + atOnce);
    const results = await Promise.allSettled(batch.map((write) => writeOne(bucket, write, by)));
    let crossed: string | undefined;
    let failed: unknown;
    results.forEach((result, at) => {
      const key = batch[at]?.key ?? '';
      if (result.status === 'fulfilled') revisions.set(key, result.value);
      else if (isConflict(result.reason)) crossed ??= key;
      else failed ??= result.reason;
    });
    if (failed !== undefined) throw failed;
    if (crossed !== undefined) {
      await undo(bucket, writes, revisions, by);
      return { result: 'crossed', key: crossed };
    }
  }
  return { result: 'done', revisions, last: Math.max(...revisions.values()) };
}
