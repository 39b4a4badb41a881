import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { ExplainStep } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { AdminHandlers } from '../api/api-handlers.js';
import type { MembershipAt } from '../membership/membership-at.js';
import { explain } from './explain.js';
import type { Membership } from './membership.js';

/** What an explanation is made of. */
export interface ExplainNeeds {
  membership(): Membership | undefined;
  readonly membershipAt: MembershipAt;
  /** Time of day in ms. */
  wall(): number;
}

/** Makes the handler that replays an ask against the membership in force, or against an older version of it. A member asks about its own requests only. */
export function explainHandler({ membership, membershipAt, wall }: ExplainNeeds): AdminHandlers['explain'] {
  const asOf = async (version: bigint): Promise<Membership> => {
    const inForce = membership();
    if (inForce === undefined) throw new ApiFault('unavailable', 'The hub has no membership yet: see /readyz of policy for why.');
    if (version === 0n || version === inForce.version) return inForce;
    const past = await membershipAt(version);
    if (past.membership === undefined) throw new ApiFault('not-found', past.unknown, 'membership history lists the versions');
    return past.membership;
  };
  return async (request, { scope, member }) => {
    const explanation = explain(await asOf(request.version), request, wall());
    if ('invalid' in explanation) throw new ApiFault('invalid', explanation.invalid);
    const { response } = explanation;
    if (scope === 'member' && response.fromMember !== member && response.toMember !== member) {
      throw new ApiFault('denied', `Member ${member} is neither sender nor target here.`, 'ask about your own requests, or an operator');
    }
    return scope === 'member' ? { ...response, steps: stepsForMember(response.steps) } : response;
  };
}

/** A member is told what decided. The rules that did not are about others, and a shadow is the operators' own. */
function stepsForMember(steps: readonly ExplainStep[]): ExplainStep[] {
  const last = steps.findLastIndex(({ subject }) => subject === 'rule');
  return steps.filter(({ subject }, at) => subject !== 'shadow' && (subject !== 'rule' || at === last));
}
