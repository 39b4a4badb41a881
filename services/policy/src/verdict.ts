import { type Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Decision } from './hearing.js';

const actions: Readonly<Record<Decision['action'], VerdictAction>> = {
  forward: VerdictAction.FORWARD,
  redirect: VerdictAction.REDIRECT,
  refuse: VerdictAction.REFUSE,
};

/** A decision as ingress gets it. The target is named when the request goes there; a refusal names nobody. */
export function verdictOf(decision: Decision, version: bigint): Verdict {
  const { action, code, rule, sentence, peer, target, contacts, holdsFor } = decision;
  return {
    action: actions[action],
    member: action === 'refuse' ? '' : (target?.id ?? ''),
    code,
    rule,
    sentence,
    contacts: [...contacts],
    version,
    fromInterface: peer?.interface ?? '',
    toInterface: target?.interface ?? '',
    holdsFor,
    checks: [],
  };
}
