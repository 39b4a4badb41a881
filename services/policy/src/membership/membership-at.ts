import type { KeyValue, KeyValueEntry } from '@guildhall/chassis/key-value';
import { compile } from '../decision/compile.js';
import type { Membership } from '../decision/membership.js';
import { oldestWhole, snapshotAt } from './past.js';
import { entriesOf, type Snapshot } from './table.js';

/** What the bucket said at a version, or in one sentence why that cannot be told. */
export type PastSnapshot =
  | { readonly snapshot: Snapshot; readonly unknown?: undefined }
  | { readonly snapshot?: undefined; readonly unknown: string };

/** The snapshot that was in force at a version, or in one sentence why it cannot be made. */
export type PastMembership =
  | { readonly membership: Membership; readonly unknown?: undefined }
  | { readonly membership?: undefined; readonly unknown: string };

/** The membership as of a version (the highest revision of the bucket up to which it counts). Rejects with a KeyValueError when the bucket cannot be read. */
export type MembershipAt = (version: bigint) => Promise<PastMembership>;

/** All that is kept of the bucket. */
export interface Kept {
  /** By revision, oldest first. */
  readonly revisions: readonly KeyValueEntry[];
  /** The oldest version that can be told completely; 0: none. */
  readonly oldest: bigint;
  /** The newest revision. */
  readonly newest: bigint;
}

/** What the membership was. Every call rejects with a KeyValueError when the bucket cannot be read. */
export interface MembershipHistory {
  kept(): Promise<Kept>;
  snapshotAt(version: bigint): Promise<PastSnapshot>;
  membershipAt: MembershipAt;
}

/** Why a version cannot be told, or undefined. */
function unknownVersion(version: bigint, { oldest, newest }: Kept): string | undefined {
  if (newest === 0n) return 'The membership has no version yet.';
  if (version > newest) return `There is no version ${version}: the newest is ${newest}.`;
  if (version < oldest) return `Version ${version} is no longer known completely: the oldest that is, is ${oldest}.`;
  return undefined;
}

/** Reads what the bucket keeps, anew for every question; who asks while it is being read gets the same answer. */
export function createMembershipHistory(bucket: KeyValue): MembershipHistory {
  let reading: Promise<Kept> | undefined;

  const read = async (): Promise<Kept> => {
    const revisions = await bucket.history('>');
    const newest = revisions.reduce((most, { revision }) => Math.max(most, revision), 0);
    return { revisions, newest: BigInt(newest), oldest: BigInt(oldestWhole(revisions, bucket.keeps)) };
  };

  const kept = (): Promise<Kept> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  const at = async (version: bigint): Promise<PastSnapshot> => {
    const all = await kept();
    const unknown = unknownVersion(version, all);
    return unknown === undefined ? { snapshot: snapshotAt(all.revisions, version) } : { unknown };
  };

  return {
    kept,
    snapshotAt: at,
    async membershipAt(version) {
      const past = await at(version);
      if (past.snapshot === undefined) return past;
      const entries = entriesOf(past.snapshot);
      const compiled = entries === undefined ? undefined : compile(entries);
      return compiled === undefined
        ? { unknown: `At version ${version} there was no community that this version of the hub knows.` }
        : { membership: compiled.membership };
    },
  };
}
