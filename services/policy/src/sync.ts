import { type KeyValue, type KeyValueEntry, KeyValueError } from '@guildhall/chassis/key-value';
import { membershipKeys } from '@guildhall/proto/subjects';
import { type Authorship, type EntryBody, encodeEntry, saysTheSame } from './bucket-entry.js';

/** What `syncBucket` did. */
export interface SyncResult {
  written: number;
  deleted: number;
}

/** Keys worked on at the same time. */
const atOnce = 64;
/** How often one key may be changed by others under our hands before that is an error. */
const attempts = 20;

function isConflict(thrown: unknown): boolean {
  return thrown instanceof KeyValueError && thrown.code === 'conflict';
}

/** Brings one key to what is wanted (undefined: gone), looking again when somebody else was faster. True if it changed something. */
async function syncKey(
  bucket: KeyValue,
  key: string,
  known: KeyValueEntry | undefined,
  wanted: EntryBody | undefined,
  by: Authorship,
): Promise<boolean> {
  let current = known;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (wanted === undefined) {
        if (current === undefined) return false;
        await bucket.delete(key, { previousRevision: current.revision });
        return true;
      }
      if (current === undefined) await bucket.create(key, encodeEntry(wanted, by));
      else if (saysTheSame(key, current.value, wanted)) return false;
      else await bucket.put(key, encodeEntry(wanted, by), { previousRevision: current.revision });
      return true;
    } catch (thrown) {
      if (!isConflict(thrown) || attempt === attempts) throw thrown;
      current = await bucket.get(key);
    }
  }
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<boolean>): Promise<number> {
  let changed = 0;
  for (let from = 0; from < items.length; from += atOnce) {
    const done = await Promise.all(items.slice(from, from + atOnce).map(work));
    changed += done.filter(Boolean).length;
  }
  return changed;
}

/** Rules first, so that nothing is reachable before the rule that forbids it. */
const order: Readonly<Record<EntryBody['$case'], number>> = { authority: 0, rule: 1, member: 2, agreement: 3, file: 4, community: 5 };

/**
 * Makes a bucket say what is wanted and writes only what differs. Safe to be done by several at once with the same entries:
 * every write is a compare-and-set, and whoever loses looks again and finds its work done. The community's own entry is
 * written last, and written whenever something was deleted: an empty bucket decides nothing before it is complete, and
 * the highest revision of what is there grows with every change. Rejects with a KeyValueError.
 */
export async function syncBucket(bucket: KeyValue, wanted: ReadonlyMap<string, EntryBody>, by: Authorship): Promise<SyncResult> {
  const known = new Map((await bucket.entries()).map((entry) => [entry.key, entry]));
  const bodies = [...wanted].toSorted(([, one], [, other]) => order[one.$case] - order[other.$case]);
  const common = bodies.filter(([key]) => key !== membershipKeys.community);
  const surplus = [...known.keys()].filter((key) => !wanted.has(key));
  let written = await inTurns(common, ([key, body]) => syncKey(bucket, key, known.get(key), body, by));
  const deleted = await inTurns(surplus, (key) => syncKey(bucket, key, known.get(key), undefined, by));
  const community = wanted.get(membershipKeys.community);
  if (community !== undefined) {
    const changed = await syncKey(bucket, membershipKeys.community, known.get(membershipKeys.community), community, by);
    if (changed) written += 1;
    else if (deleted > 0) await bucket.put(membershipKeys.community, encodeEntry(community, by));
  }
  return { written, deleted };
}
