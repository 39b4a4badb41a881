import { isIpAddress } from '@guildhall/proto/community/domain';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { ReasonCode } from '@guildhall/proto/reason';
import {
  type Agreement,
  agreementOf,
  type Member,
  type Membership,
  memberOfDomain,
  type Party,
  type Rule,
  rulesFor,
} from './membership.js';
import {
  agreementText,
  allowedByAgreement,
  allowedByModel,
  allowedByRule,
  deniedByRule,
  domainText,
  fromNotYours,
  notAPartner,
  peerNotActive,
  redirectedByAgreement,
  ruleText,
  targetNotActive,
  unknownPeer,
  unknownTarget,
} from './sentence.js';

/** One thing that was looked at on the way to a decision, for `explain`. */
export interface Step {
  readonly subject: 'peer' | 'domain' | 'status' | 'model' | 'rule' | 'agreement';
  readonly finding: string;
}

/** What becomes of a request, who decided it, and why in one sentence that is the same wherever one asks. */
export interface Decision {
  readonly action: 'forward' | 'redirect' | 'refuse';
  readonly code: ReasonCode;
  /** "rule no-video", "agreement acme bolt", "model clearinghouse", "status of acme" or "membership". */
  readonly rule: string;
  readonly sentence: string;
  /** Who sends and who is to get it, as far as they are known. */
  readonly peer: Member | undefined;
  readonly target: Member | undefined;
  /** SIP URIs of a redirect, most preferred first. */
  readonly contacts: readonly string[];
  /** Milliseconds for which this certainly holds while the membership does not change; 0: for as long as that. */
  readonly holdsFor: number;
  readonly steps: readonly Step[];
}

/** A request as it is heard: what is asked of which membership, and what was found so far. */
interface Hearing {
  readonly membership: Membership;
  readonly ask: Ask;
  readonly steps: Step[];
}

type Judgement = Pick<Decision, 'action' | 'code' | 'rule' | 'sentence'> & Partial<Pick<Decision, 'contacts' | 'holdsFor'>>;

/** One of the two parties: known and fit to talk, or known or not and refused. */
type Heard =
  | { readonly member: Member; readonly refused?: undefined }
  | { readonly member: Member | undefined; readonly refused: Judgement };

function refusal(code: ReasonCode, rule: string, sentence: string): Judgement {
  return { action: 'refuse', code, rule, sentence };
}

/** The sender must be an active member and the From domain one of its own. In a dialog either of the two may be speaking. */
function hearSender({ membership, ask, steps }: Hearing): Heard {
  const member = membership.members.get(ask.peer);
  if (member === undefined) {
    const sentence = unknownPeer(membership, ask);
    steps.push({ subject: 'peer', finding: sentence });
    return { member, refused: refusal('unknown-peer', 'membership', sentence) };
  }
  steps.push({ subject: 'peer', finding: `${member.id} is the ${member.role} ${member.name}` });
  steps.push({ subject: 'status', finding: statusFinding(member) });
  if (member.status !== 'active') return { member, refused: refusal('peer-not-active', `status of ${member.id}`, peerNotActive(member)) };
  const inDialog = ask.target?.$case === 'toMember';
  if (inDialog && ask.fromDomain === '') return { member };
  const owner = memberOfDomain(membership, ask.fromDomain);
  const belongs = owner === undefined ? 'belongs to nobody' : `belongs to ${owner.id}`;
  steps.push({ subject: 'domain', finding: `${ask.fromDomain === '' ? 'an empty From domain' : domainText(ask.fromDomain)} ${belongs}` });
  const owned = owner === member || (inDialog && owner !== undefined && owner.id === ask.target?.value);
  return owned ? { member } : { member, refused: refusal('from-not-yours', 'membership', fromNotYours(ask, member)) };
}

/** The target must be an active member. The hub's own domain is nobody's. */
function hearTarget({ membership, ask, steps }: Hearing): Heard {
  const asked = ask.target;
  const member = asked?.$case === 'toMember' ? membership.members.get(asked.value) : memberOfDomain(membership, asked?.value ?? '');
  if (member === undefined) {
    const sentence = unknownTarget(membership, ask);
    steps.push({ subject: 'domain', finding: sentence });
    return { member, refused: refusal('unknown-domain', 'membership', sentence) };
  }
  if (asked?.$case === 'toDomain') steps.push({ subject: 'domain', finding: `${domainText(asked.value)} belongs to ${member.id}` });
  if (asked?.$case === 'toMember') steps.push({ subject: 'domain', finding: `the dialog leads to ${member.id}` });
  steps.push({ subject: 'status', finding: statusFinding(member) });
  if (member.status === 'active') return { member };
  return { member, refused: refusal('target-not-active', `status of ${member.id}`, targetNotActive(ask, member)) };
}

function statusFinding(member: Member): string {
  return member.statusReason === '' ? `${member.id} is ${member.status}` : `${member.id} is ${member.status}: ${member.statusReason}`;
}

/** Roles count in the direct model only: there one of the two must be internal and the other a partner. */
function hearModel({ membership, ask, steps }: Hearing, peer: Member, target: Member): Judgement | undefined {
  if (membership.community.model !== 'direct') return undefined;
  steps.push({ subject: 'model', finding: `direct: ${peer.id} is ${peer.role}, ${target.id} is ${target.role}` });
  const pair = (peer.role === 'internal' && target.role === 'partner') || (peer.role === 'partner' && target.role === 'internal');
  return pair ? undefined : refusal('not-a-partner', 'model direct', notAPartner(ask, peer, target));
}

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
function hearRules({ membership, ask, steps }: Hearing, peer: Member, target: Member): Rule | undefined {
  const rule = rulesFor(membership, ask.method).find((one) => fits(one, ask, peer, target));
  const count = membership.rules.length;
  const none = count === 0 ? 'there are no rules' : count === 1 ? 'the one rule does not fit' : `none of the ${count} rules fits`;
  steps.push({ subject: 'rule', finding: rule === undefined ? none : ruleText(rule) });
  return rule;
}

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
