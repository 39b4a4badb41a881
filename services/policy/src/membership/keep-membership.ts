import { randomUUID } from 'node:crypto';
import { faultFrom } from '@guildhall/chassis/fault';
import type { KeyValue } from '@guildhall/chassis/key-value';
import { membershipKeys } from '@guildhall/proto/subjects';
import type { Announce } from '../bus/announce.js';
import type { Events } from '../events.js';
import { type Bringing, bringIn, type FileContent } from './bring-in.js';
import { decodeNote, decodeStored, type StoredEntry } from './bucket-entry.js';
import { broughtIn } from './file-source.js';
import type { LiveFile } from './live-file.js';
import { followMembership, type MembershipStore, type Settling } from './store.js';
import type { Difference } from './table.js';

/** What is told, and asked, of the world around. */
export interface Surroundings {
  readonly events: Pick<
    Events,
    'synced' | 'fileCrossed' | 'fileRefused' | 'fileUnchanged' | 'membershipChanged' | 'membershipEmpty' | 'entryUnusable' | 'failed'
  >;
  readonly announce: Announce;
  wall(): Date;
  /** The membership in force is another (by these differences), or there is none any more. */
  refresh(differences: ReadonlyMap<string, Difference>): void;
}

/** The membership in force, and how to change it to what a file says. */
export interface KeptMembership {
  readonly store: MembershipStore;
  /** Brings a file into the bucket, behind what is being brought in already. A failure is told as an event. */
  bring(content: FileContent): void;
}

const none: ReadonlyMap<string, Difference> = new Map();

/** Tells what became of it. Resolves to whether anything differed. */
async function tell(bucket: KeyValue, path: string, bringing: Bringing, { events }: Surroundings): Promise<boolean> {
  switch (bringing.result) {
    case 'done':
      events.synced(path, bringing);
      return bringing.written + bringing.deleted > 0;
    case 'contradicts':
      events.fileRefused(
        `with what others have changed since, the membership would contradict itself: ${bringing.problems.slice(0, 10).join('; ')}`,
      );
      return false;
    case 'crossed':
      for (const { key, found } of bringing.crossings.slice(0, 20)) {
        const mark = found === undefined ? (await bucket.history(key)).at(-1) : undefined;
        const { who, when } = found?.by ?? decodeNote(mark?.value ?? new Uint8Array());
        events.fileCrossed(path, { key, revision: found?.revision ?? mark?.revision ?? 0, who, when, removed: found === undefined });
      }
      return false;
  }
}

/** What is remembered of the file that was brought in last, without reading the whole bucket. */
async function rememberedIn(bucket: KeyValue): Promise<ReturnType<typeof broughtIn>> {
  const entry = await bucket.get(membershipKeys.file(0));
  const read = entry === undefined ? undefined : decodeStored(entry.key, entry.value);
  if (entry === undefined || read === undefined || typeof read === 'string' || read.body.$case !== 'file') return undefined;
  const first: StoredEntry = {
    key: entry.key,
    revision: entry.revision,
    by: read.by,
    body: { $case: 'file', value: { ...read.body.value, parts: 1 } },
  };
  return broughtIn([first]);
}

/** Whether the bucket has a community at all: what was remembered of a file says nothing where everything else was lost. */
async function hasCommunity(bucket: KeyValue): Promise<boolean> {
  return (await bucket.get(membershipKeys.community)) !== undefined;
}

/**
 * Brings the community file (if there is one, and it is not as it was when it was brought in last) into the bucket, then follows the
 * bucket and announces every change. Should NATS come back without its storage, the file is brought in anew. Rejects with a Fault
 * when the file cannot be used, and with a KeyValueError.
 */
export async function keepMembership(
  bucket: KeyValue,
  file: LiveFile | undefined,
  settling: Settling,
  around: Surroundings,
): Promise<KeptMembership> {
  const { events, announce, refresh, wall } = around;
  const bringNow = async (content: FileContent): Promise<boolean> => {
    const at = { when: wall().toISOString(), change: randomUUID() };
    return tell(bucket, content.path, await bringIn(bucket, content, at), around);
  };

  let differed = false;
  if (file !== undefined) {
    const before = await rememberedIn(bucket);
    if (before !== undefined && file.isAs(before) && (await hasCommunity(bucket))) events.fileUnchanged(file.path);
    else differed = await bringNow(file.load());
  }
  let known = false;
  let work: Promise<unknown> = Promise.resolve();

  const bring = (content: FileContent): void => {
    work = work.then(() => bringNow(content)).catch((thrown: unknown) => events.failed('writing the membership', thrown));
  };
  const bringAnew = (from: LiveFile): void => {
    let content: FileContent;
    try {
      content = from.load();
    } catch (thrown) {
      events.fileRefused(faultFrom(thrown).message);
      return;
    }
    bring(content);
  };

  const store = await followMembership(bucket, settling, {
    changed(membership, touched, problems) {
      // What was there before we came is news to nobody, but what the file changed has not been announced by anyone.
      const all = known ? touched.all : differed;
      events.membershipChanged(membership, all, known ? touched.members.size : 0, problems);
      announce(membership.version, known ? touched.members : new Set(), all);
      const differences = known ? touched.entries : none;
      known = true;
      differed = false;
      refresh(differences);
    },
    empty(bare) {
      known = true;
      events.membershipEmpty(file !== undefined);
      refresh(none);
      if (bare && file !== undefined) bringAnew(file);
    },
    unusable: events.entryUnusable,
  });
  return { store, bring };
}
