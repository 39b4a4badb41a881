import type { CommunityEntries } from '@guildhall/proto/community/entries';
import { MembershipEntry } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { membershipKeys } from '@guildhall/proto/subjects';

/** What an entry of the bucket says, without who wrote it. */
export type EntryBody = NonNullable<MembershipEntry['entry']>;

/** Who changes an entry, when (RFC 3339) and why. */
export interface Authorship {
  readonly who: string;
  readonly when: string;
  readonly why: string;
  /** The same for all that belongs to one change. */
  readonly change: string;
}

/** An entry as it stands in the bucket. */
export interface StoredEntry {
  readonly key: string;
  readonly body: EntryBody;
  readonly revision: number;
  readonly by: Authorship;
}

const nobody: Authorship = { who: '', when: '', why: '', change: '' };

/** The largest value that is looked at, bytes. The authorities of a member are most of it. */
const maxValueBytes = 512 * 1024;

/** The key under which an entry belongs. Throws a TypeError for ids that cannot be part of a key. */
export function entryKey(body: EntryBody): string {
  switch (body.$case) {
    case 'community':
      return membershipKeys.community;
    case 'member':
      return membershipKeys.member(body.value.id);
    case 'agreement':
      return membershipKeys.agreement(body.value.first, body.value.second);
    case 'rule':
      return membershipKeys.rule(body.value.id);
    case 'authority':
      return membershipKeys.authority(body.value.id);
    case 'file':
      return membershipKeys.file(body.value.part);
  }
}

/** Every entry of a community by its key. */
export function entriesByKey({ community, members, agreements, rules }: CommunityEntries): Map<string, EntryBody> {
  const bodies: EntryBody[] = [
    { $case: 'community', value: community },
    ...members.map((value): EntryBody => ({ $case: 'member', value })),
    ...agreements.map((value): EntryBody => ({ $case: 'agreement', value })),
    ...rules.map((value): EntryBody => ({ $case: 'rule', value })),
  ];
  return new Map(bodies.map((body) => [entryKey(body), body]));
}

/** A value of the bucket. */
export function encodeEntry(entry: EntryBody, by: Authorship): Uint8Array {
  return MembershipEntry.encode({ ...by, entry }).finish();
}

/**
 * Reads a value of the bucket, or says in a few words why it cannot be used: bytes that are no entry, an entry of a kind
 * that this version does not know, or one under a key that is not its own.
 */
export function decodeStored(key: string, value: Uint8Array): Pick<StoredEntry, 'body' | 'by'> | string {
  if (value.length > maxValueBytes) return `is larger than ${maxValueBytes} bytes`;
  let whole: MembershipEntry;
  try {
    whole = MembershipEntry.decode(value);
  } catch {
    return 'is no membership entry';
  }
  const { entry } = whole;
  if (entry === undefined) return 'is of a kind this version does not know';
  try {
    if (entryKey(entry) !== key) return 'stands under a key that is not its own';
  } catch {
    return 'has an id that cannot be a key';
  }
  if (entry.$case === 'agreement' && entry.value.first >= entry.value.second) return 'names its members in the wrong order';
  return { body: entry, by: authorshipOf(whole) };
}

function authorshipOf({ who, when, why, change }: MembershipEntry): Authorship {
  return { who, when, why, change };
}

/** Only what an entry says, as `decodeStored`. */
export function decodeEntry(key: string, value: Uint8Array): EntryBody | string {
  const stored = decodeStored(key, value);
  return typeof stored === 'string' ? stored : stored.body;
}

/** The note that stays with a deletion: who did it, when and why. */
export function encodeNote(by: Authorship): Uint8Array {
  return MembershipEntry.encode({ ...by, entry: undefined }).finish();
}

/** Reads such a note; a deletion by other means has none, and nobody is its author. */
export function decodeNote(value: Uint8Array): Authorship {
  if (value.length === 0 || value.length > maxValueBytes) return nobody;
  try {
    return authorshipOf(MembershipEntry.decode(value));
  } catch {
    return nobody;
  }
}

/** Whether two entries say the same. */
export function sameBody(one: EntryBody, other: EntryBody): boolean {
  return one === other || Buffer.compare(bodyBytes(one), bodyBytes(other)) === 0;
}

/** The bytes of what an entry says, whoever wrote it: the same bytes, the same saying. */
export function bodyBytes(body: EntryBody): Uint8Array {
  return encodeEntry(body, nobody);
}

/** Whether a stored value says the same as `entry`, whoever wrote it. */
export function saysTheSame(key: string, value: Uint8Array, entry: EntryBody): boolean {
  const stored = decodeEntry(key, value);
  return typeof stored !== 'string' && sameBody(stored, entry);
}
