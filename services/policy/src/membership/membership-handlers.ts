import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type Caller, whoIs } from '@guildhall/chassis/api/caller';
import { quoted } from '@guildhall/proto/community/quoted';
import type { ChangeReport } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { MembershipHandlers } from '../api/api-handlers.js';
import type { Changes } from './change.js';
import { acceptAgreement, endAgreement, proposeAgreement } from './edit-agreement.js';
import { importMembership, putCommunity, readImport, rollBack } from './edit-community.js';
import { storedMember } from './edit-entry.js';
import { putMember, removeMember, setMemberStatus, setMemberTrust } from './edit-member.js';
import { putRule, removeRule } from './edit-rule.js';
import { refuseInwardProxies } from './inward-proxies.js';
import type { MembershipHistory } from './membership-at.js';
import type { MembershipFeed } from './membership-feed.js';
import { membershipPast, snapshotOf } from './membership-past.js';
import { membershipReads } from './membership-reads.js';
import { ownHalf } from './own-half.js';
import type { CheckCommunity } from './remembering-check.js';

/** What the handlers of MembershipService work with. */
export interface MembershipNeeds {
  readonly changes: Changes;
  readonly history: MembershipHistory;
  readonly feed: MembershipFeed;
  readonly check: CheckCommunity;
  wall(): Date;
}

const answer = async (change: Promise<ChangeReport>): Promise<{ report: ChangeReport }> => ({ report: await change });

/** Discovered partners are met, not written: their entries are the hub's own. */
function refuseDiscovered(role: string | undefined): void {
  if (role === 'discovered') {
    throw new ApiFault(
      'invalid',
      'The role discovered is given by the hub itself.',
      `name another of member, internal, partner or clearinghouse`,
    );
  }
}

const statuses: readonly string[] = ['active', 'pending', 'suspended', 'quarantined'];

/** Every RPC of MembershipService. Who may call which is the shell's to know; what a member may see and change is checked here. */
export function membershipHandlers({ changes, history, feed, check, wall }: MembershipNeeds): MembershipHandlers {
  const snapshot = () => changes.now();
  const now = () => wall().getTime();
  const by = (caller: Caller) => whoIs(caller);
  return {
    ...membershipReads({ snapshot, check, wall }),
    ...membershipPast({ history, snapshot }),

    putMember({ member, expected, order }, caller) {
      return answer(
        changes.make(by(caller), order, () => {
          refuseDiscovered(member?.role);
          return putMember(member, expected);
        }),
      );
    },
    removeMember: ({ id, expected, order }, caller) =>
      answer(changes.make(by(caller), order, (snapshot) => removeMember(snapshot, id, expected))),
    async setMemberStatus(request, caller) {
      if (!statuses.includes(request.status)) {
        throw new ApiFault('invalid', `${quoted(request.status, 40)} is no status.`, `give one of ${statuses.join(', ')}`);
      }
      return answer(changes.make(by(caller), request.order, (snapshot) => setMemberStatus(snapshot, request, now())));
    },
    async setMemberTrust(request, caller) {
      ownHalf(caller, request.id);
      return answer(
        changes.make(by(caller), request.order, (snapshot) => {
          if (caller.scope === 'member') refuseInwardProxies(storedMember(snapshot, request.id).member, request.proxies);
          return setMemberTrust(snapshot, request);
        }),
      );
    },

    async proposeAgreement(request, caller) {
      ownHalf(caller, request.from);
      return answer(changes.make(by(caller), request.order, (snapshot) => proposeAgreement(snapshot, request, now())));
    },
    async acceptAgreement({ member, partner, expected, order }, caller) {
      ownHalf(caller, member);
      return answer(changes.make(by(caller), order, (snapshot) => acceptAgreement(snapshot, member, partner, expected)));
    },
    async endAgreement({ member, partner, order }, caller) {
      ownHalf(caller, member);
      return answer(changes.make(by(caller), order, (snapshot) => endAgreement(snapshot, member, partner)));
    },

    putRule: (request, caller) => answer(changes.make(by(caller), request.order, (snapshot) => putRule(snapshot, request))),
    removeRule: ({ id, expected, order }, caller) =>
      answer(changes.make(by(caller), order, (snapshot) => removeRule(snapshot, id, expected))),
    putCommunity: ({ community, expected, order }, caller) =>
      answer(changes.make(by(caller), order, () => putCommunity(community, expected))),

    async rollBack({ version, order }, caller) {
      if (version === 0n) throw new ApiFault('invalid', 'The request names no version.', 'see the history for the versions there are');
      const past = await snapshotOf({ history, snapshot }, version);
      return answer(changes.make(by(caller), order, (snapshot) => rollBack(snapshot, past)));
    },
    async importMembership({ yaml, expected, order }, caller) {
      const entries = readImport(yaml);
      return answer(changes.make(by(caller), order, (snapshot) => importMembership(snapshot, entries, expected)));
    },
    async *watchMembership(_request, caller, signal) {
      const { version } = await snapshot();
      yield* feed.follow(version, caller, signal);
    },
  };
}
