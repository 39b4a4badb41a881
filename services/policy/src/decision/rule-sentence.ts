import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { cleanWords } from './clean-words.js';
import type { Member } from './membership.js';
import type { Party, Rule, RuleLimit, TimeWindow } from './rule.js';
import { because, requestText, senderText, targetText } from './sentence.js';

/** The words of rules, in verdicts and in explanations. */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const periods: ReadonlyMap<number, string> = new Map([
  [1_000, 'a second'],
  [60_000, 'a minute'],
  [3_600_000, 'an hour'],
]);

/** "text/html, image/* or video": at most five of a list. */
function oneOf(words: readonly string[]): string {
  const more = words.length - 5;
  if (more > 0) return `${words.slice(0, 5).join(', ')} or ${more} more`;
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** What must be in the body: " that offers video", " with a body of image/*", or ''. */
export function contentText({ media, bodyTypes, bodyLarger }: Rule): string {
  const offers = media.length === 0 ? '' : ` that offers ${oneOf(media)}`;
  const size = bodyLarger === 0n ? '' : ` of more than ${bodyLarger} bytes`;
  const types = bodyTypes.length === 0 ? '' : ` of ${oneOf(bodyTypes)}`;
  return types === '' && size === '' ? offers : `${offers} with a body${types}${types !== '' && size !== '' ? ' and' : ''}${size}`;
}

/** "5 a minute", "10 every 2500 ms". */
function rateText({ requests, perMs }: RuleLimit): string {
  const period = periods.get(perMs);
  return period === undefined ? `${requests} every ${perMs} ms` : `${requests} ${period}`;
}

/** What goes from whom to whom: "INVITE that offers video from acme (acme.example) to bob@bolt.example". */
function requestOf(ask: Ask, peer: Member, target: Member, rule: Rule): string {
  const from = rule.from.kind === 'user' ? partyText(rule.from) : senderText(ask, peer);
  const to = rule.to.kind === 'user' ? partyText(rule.to) : targetText(ask, target);
  return `${requestText(ask)}${contentText(rule)} from ${from} to ${to}`;
}

/** Why a rule refuses this request, with the reason the operator gave. */
export function deniedByRule(ask: Ask, peer: Member, target: Member, rule: Rule): string {
  return because(`Rule ${rule.id} denies ${requestOf(ask, peer, target, rule)}`, rule.reason);
}

/** Why a rule lets this request through, with the rate up to which it does. */
export function allowedByRule(ask: Ask, peer: Member, target: Member, rule: Rule): string {
  const rate = rule.limit === undefined ? '' : `, up to ${rateText(rule.limit)}`;
  return because(`Rule ${rule.id} allows ${requestOf(ask, peer, target, rule)}${rate}`, rule.reason);
}

/** Beyond what a rule allows. */
export function overLimit(ask: Ask, peer: Member, target: Member, rule: Rule, limit: RuleLimit): string {
  const what = limit.each === 'method' ? requestText(ask) : 'requests';
  const where = limit.each === 'pair' ? ` to ${target.id}` : '';
  return because(`Rule ${rule.id} allows ${peer.id} no more than ${rateText(limit)} of ${what}${contentText(rule)}${where}`, rule.reason);
}

/** One side of a rule: "anyone", "the group sales", "the domain acme.example". */
export function partyText(party: Party): string {
  switch (party.kind) {
    case 'any':
      return 'anyone';
    case 'group':
      return `the group ${party.id}`;
    case 'member':
      return party.id;
    case 'members':
      return party.ids.size === 0 ? 'nobody' : oneOf([...party.ids]);
    case 'domain':
      return `the domain ${party.domain}`;
    case 'user':
      return cleanWords(`${party.user}@${party.domain}`);
  }
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** "Monday or Tuesday from 22:00 to 06:00 UTC". */
export function windowText({ days: on, fromMinute, minutes }: TimeWindow): string {
  const named = on.length === 7 ? 'every day' : oneOf(on.map((day) => days[day] ?? ''));
  return `${named} from ${clock(fromMinute)} to ${clock((fromMinute + minutes) % 1440)} UTC`;
}

/** A rule as a whole, for the steps of an explanation. */
export function ruleText(rule: Rule): string {
  const what = rule.methods === undefined ? 'everything' : [...rule.methods].join(', ');
  const events = rule.events === undefined ? '' : ` for ${[...rule.events].join(', ')}`;
  const who = rule.pair === undefined ? `from ${partyText(rule.from)} to ${partyText(rule.to)}` : `between ${rule.pair.join(' and ')}`;
  const verb = rule.action === 'deny' ? 'denies' : 'allows';
  const rate = rule.limit === undefined ? '' : `, up to ${rateText(rule.limit)}`;
  return because(`rule ${rule.id} ${verb} ${what}${events}${contentText(rule)} ${who}${rate}`, rule.reason);
}
