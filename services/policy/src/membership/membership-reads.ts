import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import type { Agreement, Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { StoredAgreement, StoredMember } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { MembershipHandlers } from '../api/api-handlers.js';
import type { Entries } from '../decision/compile.js';
import { type AgreementWorld, agreementState } from './agreement-state.js';
import type { StoredEntry } from './bucket-entry.js';
import { communityOf } from './community-check.js';
import { storedAgreements, storedMember, storedRules } from './edit-entry.js';
import { ownHalf, seesEntry } from './own-half.js';
import { hubCard, partnerCards } from './partner-cards.js';
import type { CheckCommunity } from './remembering-check.js';
import { entriesOf, type Snapshot } from './table.js';

/** Handlers that read the membership in force. */
export type MembershipReads = Pick<MembershipHandlers, 'listMembers' | 'getMember' | 'listAgreements' | 'listRules'>;

/** What they read. */
export interface ReadNeeds {
  /** The bucket as of now. Rejects with an ApiFault. */
  snapshot(): Promise<Snapshot>;
  readonly check: CheckCommunity;
  wall(): Date;
}

/** Members in one answer. */
const mostMembers = 1000;

/** Who wrote an entry, when and why, and its revision. */
function stored({ revision, by }: StoredEntry): { revision: bigint; who: string; when: string; why: string } {
  return { revision: BigInt(revision), who: by.who, when: by.when, why: by.why };
}

function known(snapshot: Snapshot): Entries {
  const entries = entriesOf(snapshot);
  if (entries !== undefined) return entries;
  throw new ApiFault('unavailable', 'The hub has no membership yet.', 'bring in a community file, or import one');
}

function worldOf({ community, members }: Entries, now: number): AgreementWorld {
  const active = new Set(members.filter(({ status }) => status === 'active').map(({ id }) => id));
  return { model: community.model, now, isActive: (id) => active.has(id) };
}

function agreementsSeen(snapshot: Snapshot, caller: Caller, member: string, world: AgreementWorld): StoredAgreement[] {
  const concerns = ({ first, second }: Agreement) => member === '' || first === member || second === member;
  return storedAgreements(snapshot)
    .filter(({ agreement, entry }) => concerns(agreement) && seesEntry(caller, entry.body))
    .toSorted((one, other) => (one.entry.key < other.entry.key ? -1 : 1))
    .map(({ agreement, entry }) => ({ agreement, state: agreementState(agreement, world), ...stored(entry) }));
}

function fits(member: Member, wish: { status: string; role: string; group: string }): boolean {
  return (
    (wish.status === '' || member.status === wish.status) &&
    (wish.role === '' || member.role === wish.role) &&
    (wish.group === '' || member.groups.includes(wish.group))
  );
}

/** Handlers that show a caller only what it may see. Without a membership they throw the ApiFault `unavailable`. */
export function membershipReads({ snapshot, check, wall }: ReadNeeds): MembershipReads {
  return {
    async listMembers(request, caller) {
      const now = await snapshot();
      known(now);
      const all = [...now.stored.values()].flatMap((entry): StoredMember[] =>
        entry.body.$case === 'member' &&
        entry.body.value.id > request.after &&
        fits(entry.body.value, request) &&
        seesEntry(caller, entry.body)
          ? [{ member: entry.body.value, ...stored(entry) }]
          : [],
      );
      all.sort((one, other) => ((one.member?.id ?? '') < (other.member?.id ?? '') ? -1 : 1));
      const limit = request.limit === 0 ? mostMembers : Math.min(request.limit, mostMembers);
      const members = all.slice(0, limit);
      return { members, next: all.length > limit ? (members.at(-1)?.member?.id ?? '') : '', version: now.version };
    },
    async getMember({ id }, caller) {
      ownHalf(caller, id);
      const now = await snapshot();
      const entries = known(now);
      const { member, entry } = storedMember(now, id);
      const world = worldOf(entries, wall().getTime());
      const members = new Map(entries.members.map((one) => [one.id, one]));
      return {
        member: { member, ...stored(entry) },
        agreements: agreementsSeen(now, caller, id, world),
        hub: hubCard(entries.community, entries.authorities),
        partners: member.status === 'active' ? partnerCards(id, entries.agreements, members, world) : [],
        version: now.version,
      };
    },
    async listAgreements({ member }, caller) {
      if (member !== '') ownHalf(caller, member);
      const now = await snapshot();
      const entries = known(now);
      if (member !== '') storedMember(now, member);
      return { agreements: agreementsSeen(now, caller, member, worldOf(entries, wall().getTime())), version: now.version };
    },
    async listRules() {
      const now = await snapshot();
      known(now);
      const community = communityOf(now);
      const warnings = community === undefined ? [] : check(community).warnings.filter((text) => text.startsWith('rule'));
      return {
        rules: storedRules(now).map(({ rule, entry }) => ({ rule, ...stored(entry) })),
        warnings: [...warnings],
        version: now.version,
      };
    },
  };
}
