import { type Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Decision } from './hearing.js';

const actions: Readonly<Record<Decision['action'], VerdictAction>> = {
  forward: VerdictAction.FORWARD,
  redirect: VerdictAction.REDIRECT,
  refuse: VerdictAction.REFUSE,
};

/** A decision as ingress gets it. The target is named when the request goes there, or may by a check; a refusal without checks names nobody. */
export function verdictOf(decision: Decision, version: bigint): Verdict {
  const { action, code, rule, sentence, peer, target, contacts, holdsFor, checks } = decision;
  const leads = action !== 'refuse' || checks.some((check) => check.action !== VerdictAction.REFUSE);
  return {
    action: actions[action],
    member: leads ? (target?.id ?? '') : '',
    code,
    rule,
    sentence,
    contacts: [...contacts],
    version,
    fromInterface: peer?.interface ?? '',
    toInterface: target?.interface ?? '',
    holdsFor,
    checks: [...checks],
  };
}
