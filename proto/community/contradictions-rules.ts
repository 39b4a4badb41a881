import type { Contradictions } from './contradictions.js';
import { partyProblems, partyWarnings } from './contradictions-parties.js';
import { didYouMean } from './near-miss.js';
import type { Finding } from './problem.js';
import { covers } from './rule-coverage.js';
import { type Roll, rollOf } from './rule-roll.js';
import type { CommunityFile, CommunityMember, CommunityRule } from './schema.js';

const eventMethods: ReadonlySet<string> = new Set(['SUBSCRIBE', 'NOTIFY', 'PUBLISH']);
/** They belong to what INVITE opened, and are decided as INVITE. */
const callMethods: ReadonlySet<string> = new Set(['ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE']);
/** They carry no body that anybody reads. */
const bodiless: ReadonlySet<string> = new Set(['ACK', 'BYE', 'CANCEL']);
const knownMethods = ['INVITE', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'OPTIONS', 'REFER', 'INFO', 'REGISTER', 'SERVICE'];

/** A rule behind one that fits all it could fit. A shadow is in nobody's way. */
function coverWarning(file: CommunityFile, rule: CommunityRule, at: number, roll: Roll): Finding[] {
  const earlier = file.rules.slice(0, at).find((other) => !other.shadow && other.id !== rule.id && covers(other, rule, roll));
  if (earlier === undefined) return [];
  const path = ['rules', at];
  const { id, action } = earlier;
  if (action === rule.action)
    return [{ path, message: `is never reached: rule ${id} above it fits the same requests and says ${action} too` }];
  if (covers(rule, earlier, roll)) {
    return [
      { path, message: `contradicts rule ${id} above it, which is about the very same requests and says ${action}: remove one of them` },
    ];
  }
  return [
    {
      path,
      message: `is never reached: rule ${id} above it fits the same requests and says ${action}; move this one up if it is the exception`,
    },
  ];
}

function methodWarnings(rule: CommunityRule, at: number): Finding[] {
  return (rule.methods ?? []).flatMap((method, place): Finding[] => {
    const path = ['rules', at, 'methods', place];
    if (callMethods.has(method)) return [{ path, message: `${method} is decided along with the call it belongs to: name INVITE` }];
    const hint = knownMethods.includes(method) ? '' : didYouMean(method, knownMethods);
    return hint === '' ? [] : [{ path, message: `${method} is no method that is in use${hint}` }];
  });
}

function contentWarnings({ methods, media, bodyTypes, bodyLarger }: CommunityRule, at: number): Finding[] {
  if (methods === undefined) return [];
  const path = ['rules', at, 'methods'];
  if (media !== undefined && !methods.includes('INVITE')) {
    return [{ path, message: 'only INVITE opens sessions with media, and methods does not name it: the rule can hardly ever match' }];
  }
  if ((bodyTypes !== undefined || bodyLarger !== undefined) && methods.every((method) => bodiless.has(method))) {
    return [{ path, message: 'none of these methods carries a body: the rule can never match' }];
  }
  return [];
}

/** In the direct model two of the same side never talk, whatever a rule says. */
function sideWarnings(file: CommunityFile, rule: CommunityRule, at: number, members: ReadonlyMap<string, CommunityMember>): Finding[] {
  if (file.community.model !== 'direct') return [];
  const [one, other] = rule.between ?? [rule.from?.member, rule.to?.member];
  const role = one === undefined ? undefined : members.get(one)?.role;
  const same = role !== undefined && other !== undefined && members.get(other)?.role === role;
  if (!same) return [];
  const message = `can never match: ${one} and ${other} are both ${role}, and in the direct model only internal servers and partners talk`;
  return [{ path: ['rules', at], message }];
}

function limitProblems({ action, limit }: CommunityRule, at: number): Finding[] {
  if (action === 'limit' && limit === undefined)
    return [{ path: ['rules', at], message: 'limits without saying how much: add limit, such as limit: { requests: 10, per: second }' }];
  if (action !== 'limit' && limit !== undefined)
    return [{ path: ['rules', at, 'limit'], message: `belongs to the action limit, and this rule says ${action}`, at: 'key' }];
  return [];
}

function timeProblems({ validFrom, validUntil }: CommunityRule, at: number): Finding[] {
  if (validFrom === undefined || validUntil === undefined || Date.parse(validFrom) < Date.parse(validUntil)) return [];
  return [{ path: ['rules', at, 'validUntil'], message: `is not after validFrom, ${validFrom}: the rule could never match` }];
}

function eventProblems({ events, methods }: CommunityRule, at: number): Finding[] {
  if (events === undefined || methods === undefined || methods.some((method) => eventMethods.has(method))) return [];
  const message = 'only SUBSCRIBE, NOTIFY and PUBLISH have an event package, and methods names none of them';
  return [{ path: ['rules', at, 'events'], message }];
}

/** Rules that name strangers, bear the same id, contradict each other, or never apply. */
export function ruleContradictions(file: CommunityFile): Contradictions {
  const roll = rollOf(file);
  const members = new Map(file.members.map((member) => [member.id, member]));
  const ids = new Map<string, number>();
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  file.rules.forEach((rule, at) => {
    const same = ids.get(rule.id);
    if (same === undefined) ids.set(rule.id, at);
    else problems.push({ path: ['rules', at, 'id'], message: `rules[${same}] has the id ${rule.id} already` });
    problems.push(...partyProblems(rule, at, roll), ...eventProblems(rule, at), ...limitProblems(rule, at), ...timeProblems(rule, at));
    warnings.push(
      ...partyWarnings(rule, at, roll),
      ...coverWarning(file, rule, at, roll),
      ...methodWarnings(rule, at),
      ...contentWarnings(rule, at),
      ...sideWarnings(file, rule, at, members),
    );
  });
  return { problems, warnings };
}
