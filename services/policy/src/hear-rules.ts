import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Hearing } from './hearing.js';
import { type Member, type Party, type Rule, rulesFor } from './membership.js';
import { ruleText } from './sentence.js';

function fitsParty(party: Party, member: Member): boolean {
  switch (party.kind) {
    case 'any':
      return true;
    case 'member':
      return party.id === member.id;
    case 'group':
      return member.groups.has(party.id);
  }
}

function fits(rule: Rule, ask: Ask, peer: Member, target: Member): boolean {
  return (
    (rule.methods === undefined || rule.methods.has(ask.method)) &&
    (rule.events === undefined || rule.events.has(ask.event)) &&
    fitsParty(rule.from, peer) &&
    fitsParty(rule.to, target)
  );
}

/** The first rule that fits. */
export function hearRules({ membership, ask, steps }: Hearing, peer: Member, target: Member): Rule | undefined {
  const rule = rulesFor(membership, ask.method).find((one) => fits(one, ask, peer, target));
  const count = membership.rules.length;
  const none = count === 0 ? 'there are no rules' : count === 1 ? 'the one rule does not fit' : `none of the ${count} rules fits`;
  steps.push({ subject: 'rule', finding: rule === undefined ? none : ruleText(rule) });
  return rule;
}
