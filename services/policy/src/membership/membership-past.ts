import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import type { KeyValueEntry } from '@guildhall/chassis/key-value';
import { KeyValueError } from '@guildhall/chassis/key-value';
import { writeCommunity } from '@guildhall/proto/community/write';
import type { Revision } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { MembershipHandlers } from '../api/api-handlers.js';
import { storeFault } from '../api/store-fault.js';
import { communityOf } from './community-check.js';
import { snapshotDifferences } from './entry-change.js';
import { differenceLines } from './entry-diff.js';
import type { MembershipHistory } from './membership-at.js';
import { seesEntry } from './own-half.js';
import { type PastRevision, readRevision } from './past.js';
import type { Snapshot } from './table.js';

/** Handlers about what the membership was. */
export type MembershipPast = Pick<MembershipHandlers, 'listHistory' | 'diffMembership' | 'exportMembership'>;

/** What they read. */
export interface PastNeeds {
  readonly history: MembershipHistory;
  /** The bucket as of now. Rejects with an ApiFault. */
  snapshot(): Promise<Snapshot>;
}

const mostRevisions = 1000;
const usualRevisions = 100;
const keyShape = /^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,2}$/;

/** A KeyValueError as an answer. */
export function answered(thrown: unknown): never {
  if (!(thrown instanceof KeyValueError)) throw thrown;
  throw storeFault(thrown, 'The history cannot be read', 'try again');
}

/** The bucket at a version; 0 is what is in force. Throws an ApiFault. */
export async function snapshotOf({ history, snapshot }: PastNeeds, version: bigint): Promise<Snapshot> {
  if (version === 0n) return snapshot();
  const past = await history.snapshotAt(version).catch(answered);
  if (past.snapshot !== undefined) return past.snapshot;
  throw new ApiFault('not-found', past.unknown, 'see the history for the versions there are');
}

/** A revision and the one before it of the same key. */
interface Step {
  readonly entry: KeyValueEntry;
  readonly before: KeyValueEntry | undefined;
}

function stepsOf(revisions: readonly KeyValueEntry[], wanted: (key: string) => boolean): Step[] {
  const latest = new Map<string, KeyValueEntry>();
  const steps: Step[] = [];
  for (const entry of revisions) {
    if (wanted(entry.key)) steps.push({ entry, before: latest.get(entry.key) });
    latest.set(entry.key, entry);
  }
  return steps.reverse();
}

function revisionOf(now: PastRevision, before: PastRevision | undefined): Revision {
  const lines = now.unreadable === undefined ? differenceLines(before?.body, now.body) : [`this value ${now.unreadable}`];
  const { who, when, why, change } = now.by;
  return { version: BigInt(now.revision), key: now.key, kind: now.deleted ? 'delete' : 'put', who, when, why, change, lines };
}

/** Lists revisions newest first, only those that the caller may see: 100 unless asked otherwise, 1000 at most. */
export function membershipPast(needs: PastNeeds): MembershipPast {
  return {
    async listHistory({ key, before, limit }, caller: Caller) {
      if (key !== '' && !keyShape.test(key)) {
        throw new ApiFault(
          'invalid',
          'The key is none of the membership.',
          'name a key such as member.acme, or what it begins with, such as member',
        );
      }
      const { revisions, oldest } = await needs.history.kept().catch(answered);
      const isWanted = (one: string) =>
        key === '' ? one !== 'file' && !one.startsWith('file.') : one === key || one.startsWith(`${key}.`);
      const most = limit === 0 ? usualRevisions : Math.min(limit, mostRevisions);
      const told: Revision[] = [];
      for (const step of stepsOf(revisions, isWanted)) {
        if (before !== 0n && BigInt(step.entry.revision) >= before) continue;
        const now = readRevision(step.entry);
        const earlier = step.before === undefined ? undefined : readRevision(step.before);
        if (!seesEntry(caller, now.body ?? earlier?.body)) continue;
        if (told.length === most) return { revisions: told, oldest, next: told.at(-1)?.version ?? 0n };
        told.push(revisionOf(now, earlier));
      }
      return { revisions: told, oldest, next: 0n };
    },
    async diffMembership({ from, to }) {
      const [one, other] = [await snapshotOf(needs, from), await snapshotOf(needs, to)];
      return { entries: snapshotDifferences(one, other), from: one.version, to: other.version };
    },
    async exportMembership({ version }) {
      const snapshot = await snapshotOf(needs, version);
      const community = communityOf(snapshot);
      if (community === undefined)
        throw new ApiFault('unavailable', 'The hub has no membership yet.', 'bring in a community file, or import one');
      return {
        yaml: writeCommunity(community, `${community.community.name}, version ${snapshot.version} of its membership`),
        version: snapshot.version,
      };
    },
  };
}
