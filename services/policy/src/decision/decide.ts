import type { RequestFacts } from '@guildhall/proto/check-fit';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { type AgreementHeard, hearAgreement } from './hear-agreement.js';
import { hearModel, hearSender, hearTarget } from './hear-parties.js';
import { hearRules } from './hear-rules.js';
import { type Decision, type Hearing, type Judgement, refusal, soonest } from './hearing.js';
import type { Member, Membership } from './membership.js';
import type { Rule } from './rule.js';
import { allowedByRule } from './rule-sentence.js';
import { allowedByAgreement, allowedByModel, notAllowed, redirectedByAgreement } from './sentence.js';

/** A time in ms as a verdict has it: whole, at most 32 bits, at least 1; 0 for never. */
function holdsForOf(ms: number): number {
  return Number.isFinite(ms) ? Math.min(0xffff_ffff, Math.max(1, Math.ceil(ms))) : 0;
}

/** What is allowed goes through the hub, unless an agreement in force redirects it. */
function grant({ ask }: Hearing, peer: Member, target: Member, agreement: AgreementHeard, rule: Rule): Judgement {
  if (agreement.name !== undefined && agreement.contacts.length > 0) {
    const { name, contacts } = agreement;
    return { action: 'redirect', code: 'direct-partner', rule: name, sentence: redirectedByAgreement(ask, peer, target), contacts };
  }
  return { action: 'forward', code: 'allowed', rule: `rule ${rule.id}`, sentence: allowedByRule(ask, peer, target, rule) };
}

/** Where no rule speaks: the agreement does, and without one the model, or the community that refuses what is not allowed. */
function grantWithoutRule(hearing: Hearing, peer: Member, target: Member, agreement: AgreementHeard): Judgement {
  const { membership, ask, steps } = hearing;
  const { name, contacts } = agreement;
  if (name !== undefined) {
    if (contacts.length > 0)
      return { action: 'redirect', code: 'direct-partner', rule: name, sentence: redirectedByAgreement(ask, peer, target), contacts };
    return { action: 'forward', code: 'allowed', rule: name, sentence: allowedByAgreement(ask, peer, target) };
  }
  const { model, otherwise } = membership.community;
  if (otherwise === 'deny') {
    steps.push({ subject: 'model', finding: 'what no rule and no agreement allows is refused' });
    return refusal('not-allowed', 'otherwise', notAllowed(membership, ask, peer, target));
  }
  if (model !== 'direct') steps.push({ subject: 'model', finding: `${model}: active members reach each other` });
  return { action: 'forward', code: 'allowed', rule: `model ${model}`, sentence: allowedByModel(membership, ask, peer, target) };
}

/** Two active members: what the model, their agreement and the rules say. */
function hearPair(hearing: Hearing, peer: Member, target: Member, now: number): Judgement {
  const unpaired = hearModel(hearing, peer, target);
  if (unpaired !== undefined) return unpaired;
  const agreement = hearAgreement(hearing, peer, target, now);
  const heard = hearRules(hearing, peer, target, now, (rule) => grant(hearing, peer, target, agreement, rule));
  const judgement = heard.judgement ?? grantWithoutRule(hearing, peer, target, agreement);
  return {
    ...judgement,
    contacts: judgement.action === 'redirect' || heard.checks.length > 0 ? agreement.contacts : [],
    checks: heard.checks,
    holdsFor: holdsForOf(soonest(agreement.holdsFor, heard.holdsFor)),
  };
}

function decided({ steps }: Hearing, judgement: Judgement, peer: Member | undefined, target: Member | undefined): Decision {
  const { action, code, rule, sentence, contacts = [], holdsFor = 0, checks = [] } = judgement;
  return { action, code, rule, sentence, peer, target, contacts, holdsFor, checks, steps };
}

/**
 * May this be sent, by which way, and why? Pure and total: an answer for every ask, the same for the same arguments.
 * `now` is ms since 1970. In order: the sender is an active member and speaks for a domain of its own; the target is an
 * active member; in the direct model, one is internal and the other a partner; the first rule that fits does not deny; then
 * an agreement in force says whether to relay or redirect. Rules bind agreements too. What no line allows is refused.
 *
 * By names alone some rules stay open: they are the checks of the decision, which it yields to. With `facts` of one request
 * there are none, and the steps tell of every rule that was tried.
 */
export function decide(membership: Membership, ask: Ask, now: number, facts?: RequestFacts): Decision {
  const hearing: Hearing = { membership, ask, steps: [], facts };
  const sender = hearSender(hearing);
  if (sender.refused !== undefined) return decided(hearing, sender.refused, sender.member, undefined);
  const target = hearTarget(hearing);
  if (target.refused !== undefined) return decided(hearing, target.refused, sender.member, target.member);
  return decided(hearing, hearPair(hearing, sender.member, target.member, now), sender.member, target.member);
}
