import type { MembershipEntry } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { EntryChange } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { type StoredEntry, sameBody } from './bucket-entry.js';
import { differenceLines } from './entry-diff.js';
import type { Difference, Snapshot } from './table.js';

/** An entry as the API shows it. */
function shown(entry: StoredEntry | undefined): MembershipEntry | undefined {
  return entry === undefined ? undefined : { ...entry.by, entry: entry.body };
}

/** One entry before and after, as the API tells it. */
export function entryChange(key: string, { before, after, revision }: Difference): EntryChange {
  const [was, is] = [shown(before), shown(after)];
  return {
    key,
    ...(was === undefined ? {} : { before: was }),
    ...(is === undefined ? {} : { after: is }),
    revision: BigInt(revision),
    lines: differenceLines(before?.body, after?.body),
  };
}

/** What differs between two snapshots, by key. What the hub keeps for itself (which file was brought in) is left out. */
export function snapshotDifferences(from: Snapshot, to: Snapshot): EntryChange[] {
  const keys = new Set([...from.stored.keys(), ...to.stored.keys()]);
  return [...keys].toSorted().flatMap((key) => {
    const [before, after] = [from.stored.get(key), to.stored.get(key)];
    if ((before ?? after)?.body.$case === 'file') return [];
    if (before !== undefined && after !== undefined && (before.revision === after.revision || sameBody(before.body, after.body))) return [];
    return [entryChange(key, { before, after, revision: after?.revision ?? 0 })];
  });
}
