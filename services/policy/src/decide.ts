import { isIpAddress } from '@guildhall/proto/community/domain';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { hearModel, hearSender, hearTarget } from './hear-parties.js';
import { hearRules } from './hear-rules.js';
import { type Decision, type Hearing, type Judgement, refusal } from './hearing.js';
import { type Agreement, agreementOf, type Member, type Membership, type Rule } from './membership.js';
import { agreementText, allowedByAgreement, allowedByModel, allowedByRule, deniedByRule, redirectedByAgreement } from './sentence.js';

function inForce(agreement: Agreement, now: number): boolean {
  const { first, second, acceptedBy, from, until } = agreement;
  return acceptedBy.has(first) && acceptedBy.has(second) && now >= from && now < until;
}

/** Until an agreement that both accepted begins or ends, in ms of at most 32 bits; 0 if it never will. */
function untilChange({ first, second, acceptedBy, from, until }: Agreement, now: number): number {
  if (!acceptedBy.has(first) || !acceptedBy.has(second)) return 0;
  const next = now < from ? from : now < until ? until : Number.POSITIVE_INFINITY;
  return Number.isFinite(next) ? Math.min(0xffff_ffff, Math.max(1, Math.ceil(next - now))) : 0;
}

/** Where to send what is redirected. Hosts are names or addresses of the membership, never of a peer. */
function contactsOf(target: Member): string[] {
  return target.proxies.map(
    ({ host, port }) => `sip:${isIpAddress(host) && host.includes(':') ? `[${host}]` : host}:${port};transport=tls`,
  );
}

/**
 * What is allowed is allowed by a rule or by the model; an agreement says by which way it goes. What is within a dialog
 * stays on the way the dialog was opened, so it is never redirected.
 */
function grant({ membership, ask, steps }: Hearing, peer: Member, target: Member, rule: Rule | undefined, now: number): Judgement {
  const { model } = membership.community;
  const agreement = model === 'limited-clearinghouse' ? agreementOf(membership, peer.id, target.id) : undefined;
  const holdsFor = agreement === undefined ? 0 : untilChange(agreement, now);
  if (agreement !== undefined) {
    steps.push({ subject: 'agreement', finding: agreementText(agreement, now) });
    if (inForce(agreement, now)) {
      const name = `agreement ${agreement.first} ${agreement.second}`;
      const contacts = contactsOf(target);
      if (agreement.mode === 'redirect' && ask.target?.$case === 'toDomain' && contacts.length > 0) {
        const sentence = redirectedByAgreement(ask, peer, target);
        return { action: 'redirect', code: 'direct-partner', rule: name, sentence, contacts, holdsFor };
      }
      if (rule === undefined)
        return { action: 'forward', code: 'allowed', rule: name, sentence: allowedByAgreement(ask, peer, target), holdsFor };
    }
  }
  if (rule !== undefined) {
    return { action: 'forward', code: 'allowed', rule: `rule ${rule.id}`, sentence: allowedByRule(ask, peer, target, rule), holdsFor };
  }
  if (model !== 'direct') steps.push({ subject: 'model', finding: `${model}: active members reach each other` });
  return { action: 'forward', code: 'allowed', rule: `model ${model}`, sentence: allowedByModel(membership, ask, peer, target), holdsFor };
}

/** Two active members: what the model, the rules and their agreement say. */
function hearPair(hearing: Hearing, peer: Member, target: Member, now: number): Judgement {
  const unpaired = hearModel(hearing, peer, target);
  if (unpaired !== undefined) return unpaired;
  const rule = hearRules(hearing, peer, target);
  if (rule?.action === 'deny') return refusal('denied-by-rule', `rule ${rule.id}`, deniedByRule(hearing.ask, peer, target, rule));
  return grant(hearing, peer, target, rule, now);
}

function decided({ steps }: Hearing, judgement: Judgement, peer: Member | undefined, target: Member | undefined): Decision {
  const { action, code, rule, sentence, contacts, holdsFor } = judgement;
  return { action, code, rule, sentence, peer, target, contacts: contacts ?? [], holdsFor: holdsFor ?? 0, steps };
}

/**
 * May this be sent, by which way, and why? Pure and total: an answer for every ask, the same for the same arguments.
 * `now` is ms since 1970. In order: the sender is an active member and speaks for a domain of its own; the target is an
 * active member; in the direct model, one is internal and the other a partner; the first rule that fits does not deny; then
 * an agreement in force says whether to relay or redirect. Rules bind agreements too. What no line allows is refused.
 */
export function decide(membership: Membership, ask: Ask, now: number): Decision {
  const hearing: Hearing = { membership, ask, steps: [] };
  const sender = hearSender(hearing);
  if (sender.refused !== undefined) return decided(hearing, sender.refused, sender.member, undefined);
  const target = hearTarget(hearing);
  if (target.refused !== undefined) return decided(hearing, target.refused, sender.member, target.member);
  return decided(hearing, hearPair(hearing, sender.member, target.member, now), sender.member, target.member);
}
