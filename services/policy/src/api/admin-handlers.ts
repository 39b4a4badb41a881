import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Entries } from '../decision/compile.js';
import { explainHandler } from '../decision/explain-handler.js';
import type { Membership } from '../decision/membership.js';
import type { MembershipHistory } from '../membership/membership-at.js';
import { entriesOf } from '../membership/table.js';
import type { AdminHandlers } from './api-handlers.js';

/** What the AdminService works with. */
export interface AdminNeeds {
  membership(): Membership | undefined;
  entries(): Entries | undefined;
  readonly history: Pick<MembershipHistory, 'membershipAt' | 'snapshotAt'>;
  readonly listTurnedAway: AdminHandlers['listTurnedAway'];
  readonly listPartners: AdminHandlers['listPartners'];
  /** Members whose messages' heads are kept. */
  readonly marks: Pick<AdminHandlers, 'markMember' | 'unmarkMember' | 'listMarks'>;
  /** Time of day in ms. */
  wall(): number;
}

/** Refuses while there is no membership. */
export function loaded<T>(held: T | undefined): T {
  if (held !== undefined) return held;
  throw new ApiFault('unavailable', 'The hub has no membership yet: see /readyz of policy for why.');
}

/** Handlers of the AdminService. */
export function adminHandlers({ membership, entries, history, listTurnedAway, listPartners, marks, wall }: AdminNeeds): AdminHandlers {
  const asOf = async (wanted: bigint): Promise<Entries> => {
    const inForce = loaded(entries());
    if (wanted === 0n || wanted === inForce.version) return inForce;
    const past = await history.snapshotAt(wanted);
    if (past.snapshot === undefined) throw new ApiFault('not-found', past.unknown, 'membership history lists the versions');
    return loaded(entriesOf(past.snapshot));
  };
  return {
    explain: explainHandler({ membership, membershipAt: history.membershipAt, wall }),
    async getMembership({ version: wanted }) {
      const { version, community, members, agreements, rules } = await asOf(wanted);
      return { version, community, members: [...members], agreements: [...agreements], rules: [...rules] };
    },
    listTurnedAway,
    listPartners,
    ...marks,
  };
}
