import { isWithinDomain } from '@guildhall/proto/check-fit';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { Check } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Member } from './membership.js';
import type { Party, Rule } from './rule.js';
import { partyText } from './rule-sentence.js';
import { domainText, requestText } from './sentence.js';

/** A request of two members, as far as it is known by names. */
export interface Meeting {
  readonly ask: Ask;
  readonly peer: Member;
  readonly target: Member;
}

/** By names alone: it is meant, it is not, or that depends on a name which only ingress sees. */
type Meant = 'yes' | 'no' | 'depends';

/** In a dialog nobody knows by names which of the two speaks, and the target's domain is not asked. */
function inDialog({ ask }: Meeting): boolean {
  return ask.target?.$case !== 'toDomain';
}

/** Whether addresses of a member can be in a domain or below it. Another clearinghouse's can be anywhere. */
function mayUse(member: Member, domain: string): boolean {
  return member.role === 'clearinghouse' || member.domains.some((own) => isWithinDomain(own, domain) || isWithinDomain(domain, own));
}

function meansParty(party: Party, member: Member, domain: string, within: boolean): Meant {
  switch (party.kind) {
    case 'any':
      return 'yes';
    case 'member':
      return party.id === member.id ? 'yes' : 'no';
    case 'group':
      return member.groups.has(party.id) ? 'yes' : 'no';
    case 'members':
      return party.ids.has(member.id) ? 'yes' : 'no';
    case 'domain':
      if (within) return mayUse(member, party.domain) ? 'depends' : 'no';
      return isWithinDomain(domain, party.domain) ? 'yes' : 'no';
    case 'user':
      if (within) return mayUse(member, party.domain) ? 'depends' : 'no';
      return domain === party.domain ? 'depends' : 'no';
  }
}

function meansSender(rule: Rule, meeting: Meeting): Meant {
  return meansParty(rule.from, meeting.peer, meeting.ask.fromDomain, inDialog(meeting));
}

function meansTarget(rule: Rule, meeting: Meeting): Meant {
  const { ask, target } = meeting;
  return meansParty(rule.to, target, ask.target?.value ?? '', inDialog(meeting));
}

function isPair({ pair }: Rule, { peer, target }: Meeting): boolean {
  if (pair === undefined) return true;
  const [one, other] = pair;
  return (peer.id === one && target.id === other) || (peer.id === other && target.id === one);
}

/** What a rule asks of names, and the words for a request that does not have it. */
const conditions: readonly {
  holds(rule: Rule, meeting: Meeting): boolean;
  misfit(rule: Rule, meeting: Meeting): string;
}[] = [
  {
    holds: ({ methods }, { ask }) => methods === undefined || methods.has(ask.method),
    misfit: ({ methods }, { ask }) => `is about ${[...(methods ?? [])].join(', ')}, not ${requestText({ ...ask, event: '' })}`,
  },
  {
    holds: ({ events }, { ask }) => events === undefined || events.has(ask.event),
    misfit: ({ events }) => `is about the event package ${[...(events ?? [])].join(', ')}`,
  },
  {
    holds: isPair,
    misfit: ({ pair }) => `is about ${pair?.join(' and ') ?? ''}`,
  },
  {
    holds: (rule, meeting) => meansSender(rule, meeting) !== 'no',
    misfit: ({ from }, { ask, peer }) => `is about what ${partyText(from)} sends, not ${peer.id} (${domainText(ask.fromDomain)})`,
  },
  {
    holds: (rule, meeting) => meansTarget(rule, meeting) !== 'no',
    misfit: ({ to }, { target }) => `is about what goes to ${partyText(to)}, not to ${target.id}`,
  },
];

/** Whether a rule fits a request as far as names tell. Time is not looked at. */
export function fitsByNames(rule: Rule, meeting: Meeting): boolean {
  return conditions.every(({ holds }) => holds(rule, meeting));
}

/** Why a rule does not fit a request by its names: "rule r is about INVITE, not MESSAGE"; '' where it does. */
export function misfitText(rule: Rule, meeting: Meeting): string {
  const missed = conditions.find(({ holds }) => !holds(rule, meeting));
  return missed === undefined ? '' : `rule ${rule.id} ${missed.misfit(rule, meeting)}`;
}

/** What of a party ingress must look at: where it is 'yes' by names nothing is left. */
function rest(party: Party, meant: Meant): { user: string; domain: string } {
  if (meant !== 'depends') return { user: '', domain: '' };
  if (party.kind === 'user') return { user: `${party.user}@${party.domain}`, domain: '' };
  return { user: '', domain: party.kind === 'domain' ? party.domain : '' };
}

/** Methods that open something: what belongs to that was let in with it, and is not measured again. */
const openers: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** Whether a rule's limit measures a request: inside a dialog only what stands for itself, so that a call that was let in is not cut short. */
function isMeasured(rule: Rule, meeting: Meeting): boolean {
  return rule.limit !== undefined && !(inDialog(meeting) && openers.has(meeting.ask.method));
}

/** What is left of a rule that fits by names: the conditions that ingress must hold against each request. Action and words are the caller's to set. */
export function restOfRule(rule: Rule, meeting: Meeting): Check {
  const from = rest(rule.from, meansSender(rule, meeting));
  const to = rest(rule.to, meansTarget(rule, meeting));
  return Check.fromPartial({
    rule: `rule ${rule.id}`,
    shadow: rule.shadow,
    fromUser: from.user,
    toUser: to.user,
    fromDomain: from.domain,
    toDomain: to.domain,
    media: [...rule.media],
    bodyTypes: [...rule.bodyTypes],
    bodyLarger: rule.bodyLarger,
    ...(rule.limit !== undefined && isMeasured(rule, meeting) ? { limit: rule.limit } : {}),
  });
}
