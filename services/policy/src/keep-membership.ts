import type { KeyValue } from '@guildhall/chassis/key-value';
import type { Announce } from './announce.js';
import type { EntryBody } from './bucket-entry.js';
import type { Events } from './events.js';
import { followMembership, type MembershipStore, type Settling } from './store.js';
import { syncBucket } from './sync.js';

/** A community file's entries, which the bucket shall have. */
export interface Wanted {
  /** Its path, which the entries name as their author. */
  readonly file: string;
  readonly entries: ReadonlyMap<string, EntryBody>;
}

/** What is told, and asked, of the world around. */
export interface Surroundings {
  readonly events: Events;
  readonly announce: Announce;
  wall(): Date;
  /** The membership in force is another, or there is none any more. */
  refresh(): void;
}

/** The membership in force, and how to change it to what a file says. */
export interface KeptMembership {
  readonly store: MembershipStore;
  /** Brings a file into the bucket, behind what is being brought in already. A failure is told as an event. */
  bring(wanted: Wanted): void;
}

/** Brings the file into the bucket. Resolves to whether anything differed. */
async function bringIn(bucket: KeyValue, { file, entries }: Wanted, { events, wall }: Surroundings): Promise<boolean> {
  const by = { who: `community file ${file}`, when: wall().toISOString(), why: 'read by policy', change: '' };
  const result = await syncBucket(bucket, entries, by);
  events.synced(file, result);
  return result.written + result.deleted > 0;
}

/**
 * Brings the community file (if there is one) into the bucket, then follows the bucket and announces every change. Should
 * NATS come back without its storage, the file is brought in anew. Rejects with a KeyValueError.
 */
export async function keepMembership(
  bucket: KeyValue,
  first: Wanted | undefined,
  settling: Settling,
  around: Surroundings,
): Promise<KeptMembership> {
  const { events, announce, refresh } = around;
  let wanted = first;
  let differed = wanted !== undefined && (await bringIn(bucket, wanted, around));
  let known = false;
  let work: Promise<unknown> = Promise.resolve();

  const bring = (next: Wanted): void => {
    wanted = next;
    work = work.then(() => bringIn(bucket, next, around)).catch((thrown: unknown) => events.failed('writing the membership', thrown));
  };

  const store = await followMembership(bucket, settling, {
    changed(membership, touched, problems) {
      // What was there before we came is news to nobody, but what the file changed has not been announced by anyone.
      const all = known ? touched.all : differed;
      events.membershipChanged(membership, all, known ? touched.members.size : 0, problems);
      announce(membership.version, known ? touched.members : new Set(), all);
      known = true;
      differed = false;
      refresh();
    },
    empty(bare) {
      known = true;
      events.membershipEmpty(wanted !== undefined);
      refresh();
      if (bare && wanted !== undefined) bring(wanted);
    },
    unusable: events.entryUnusable,
  });
  return { store, bring };
}
