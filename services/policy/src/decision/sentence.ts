import { domainFault } from '@guildhall/proto/community/domain';
import { quoted } from '@guildhall/proto/community/quoted';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Agreement, Member, Membership } from './membership.js';

/** The words of decisions. Ids and operators' texts are clean by their syntax; what comes out of an Ask is made printable here. */

const methodShape = /^[A-Za-z0-9.!%*_+`'~-]{1,32}$/;

/** A domain as asked about: as it is when it is one, else quoted. */
export function domainText(domain: string): string {
  return domainFault(domain) === undefined ? domain : quoted(domain);
}

/** What is asked to be sent: "INVITE", "SUBSCRIBE for presence". */
export function requestText(ask: Ask): string {
  const method = methodShape.test(ask.method) ? ask.method : quoted(ask.method, 32);
  if (ask.event === '') return method;
  return `${method} for ${domainFault(ask.event) === undefined ? ask.event : quoted(ask.event, 64)}`;
}

/** A member with the domain by which it was addressed: "bolt (bolt.example)"; within a dialog only "bolt". */
export function targetText(ask: Ask, target: Member): string {
  return ask.target?.$case === 'toDomain' ? `${target.id} (${domainText(ask.target.value)})` : target.id;
}

/** The member that sends with the domain it names in From: "acme (acme.example)". */
export function senderText(ask: Ask, peer: Member): string {
  return ask.fromDomain === '' ? peer.id : `${peer.id} (${domainText(ask.fromDomain)})`;
}

/** With a reason behind a colon if there is one, and one full stop. */
export function because(text: string, reason: string): string {
  const whole = reason === '' ? text : `${text}: ${reason}`;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** Up to three of a list of names, and how many more. */
function some(names: readonly string[]): string {
  const more = names.length - 3;
  if (names.length === 0) return 'none';
  return names.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Refusal `unknown-peer`: no member has the id of the sender, or its From domain where no id is asked about. */
export function unknownPeer(membership: Membership, ask: Ask): string {
  const who = ask.peer === '' ? `No member of ${membership.community.name} has the domain ${domainText(ask.fromDomain)}` : undefined;
  return because(who ?? `${membership.community.name} has no member ${quoted(ask.peer)}`, '');
}

/** A status and until when: "suspended until 2027-01-31T12:00:00Z". Active members have no end of it. */
export function statusText({ status, statusUntil }: Pick<Member, 'status' | 'statusUntil'>): string {
  return status === 'active' || statusUntil === '' ? status : `${status} until ${statusUntil.replace('.000Z', 'Z')}`;
}

/** Refusal `peer-not-active`: the status of the sender, until when, and the operator's words on it. */
export function peerNotActive(peer: Member): string {
  return because(`Member ${peer.id} is ${statusText(peer)}`, peer.statusReason);
}

/** Refusal `target-not-active`: the same of the member it is for. */
export function targetNotActive(ask: Ask, target: Member): string {
  return because(`Member ${targetText(ask, target)} is ${statusText(target)}`, target.statusReason);
}

/** Refusal `from-not-yours`: the From domain, and which domains the sender has. */
export function fromNotYours(ask: Ask, peer: Member): string {
  const domain = ask.fromDomain === '' ? 'without a domain' : domainText(ask.fromDomain);
  return because(`The From domain ${domain} does not belong to ${peer.id}, whose domains are ${some(peer.domains)}`, '');
}

/** Refusal `unknown-domain`: nobody has the domain or id asked for, it is empty, or it is the hub's own. */
export function unknownTarget(membership: Membership, ask: Ask): string {
  const { name, domain } = membership.community;
  if (ask.target?.$case === 'toMember') return because(`${name} has no member ${quoted(ask.target.value)}`, '');
  const asked = ask.target?.value ?? '';
  if (asked === '') return 'The request names no domain to go to.';
  if (asked === domain) return `${domain} is the hub itself, which has no users: address someone at a member's domain.`;
  return because(`No member of ${name} has the domain ${domainText(asked)}`, '');
}

/** Refusal `not-a-partner` in the direct model: the roles of two who do not reach each other. */
export function notAPartner(ask: Ask, peer: Member, target: Member): string {
  const one = senderText(ask, peer);
  const other = targetText(ask, target);
  const roles =
    peer.role === target.role ? `${one} and ${other} are both ${peer.role}` : `${one} is ${peer.role}, ${other} is ${target.role}`;
  return because(`${roles}, and in the direct model only internal servers and partners reach each other`, '');
}

/** Refusal `not-a-partner` in the other models: a discovered partner and another who is not the community's own. */
export function bothStrangers(ask: Ask, peer: Member, target: Member): string {
  const roles = `${senderText(ask, peer)} is ${peer.role}, ${targetText(ask, target)} is ${target.role}`;
  return because(`${roles}, and a discovered partner reaches only the community's own members`, '');
}

/** Where nothing allows it and the community refuses what is not allowed. */
export function notAllowed(membership: Membership, ask: Ask, peer: Member, target: Member): string {
  return because(
    `No rule and no agreement allows ${requestText(ask)} from ${senderText(ask, peer)} to ${targetText(ask, target)}`,
    `${membership.community.name} refuses what is not allowed by name`,
  );
}

/** Why it passes where the model allows it and no rule or agreement speaks of it. */
export function allowedByModel(membership: Membership, ask: Ask, peer: Member, target: Member): string {
  const who =
    membership.community.model === 'direct'
      ? 'internal servers and partners reach each other'
      : `active members of ${membership.community.name} reach each other`;
  return because(
    `${senderText(ask, peer)} may send ${requestText(ask)} to ${targetText(ask, target)}`,
    `${who}, and no rule says otherwise`,
  );
}

/** Why it passes where the two agreed that the hub relays. */
export function allowedByAgreement(ask: Ask, peer: Member, target: Member): string {
  return because(
    `${senderText(ask, peer)} may send ${requestText(ask)} to ${targetText(ask, target)}`,
    'they are partners by agreement, and the hub relays between them',
  );
}

/** Why it is answered with the target's door (302) where the two agreed to talk directly. */
export function redirectedByAgreement(ask: Ask, peer: Member, target: Member): string {
  return because(
    `${peer.id} and ${targetText(ask, target)} agreed to talk directly`,
    `send ${requestText(ask)} to the door of ${target.id}`,
  );
}

function timeText(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString().replace('.000Z', 'Z') : 'no time';
}

/** What keeps an agreement from being in force at `now`, or that it is. */
export function agreementText(agreement: Agreement, now: number): string {
  const missing = [agreement.first, agreement.second].filter((id) => !agreement.acceptedBy.has(id));
  const pair = `the agreement of ${agreement.first} and ${agreement.second}`;
  if (missing.length > 0) return `${pair} waits for ${missing.join(' and ')} to accept`;
  if (now < agreement.from) return `${pair} holds from ${timeText(agreement.from)}`;
  if (now >= agreement.until) return `${pair} ended at ${timeText(agreement.until)}`;
  return `${pair} is in force: ${agreement.mode}`;
}
