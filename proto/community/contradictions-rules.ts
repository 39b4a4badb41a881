import type { Contradictions } from './contradictions.js';
import { didYouMean } from './near-miss.js';
import type { Finding } from './problem.js';
import type { CommunityFile, CommunityParty, CommunityRule } from './schema.js';

const eventMethods: ReadonlySet<string> = new Set(['SUBSCRIBE', 'NOTIFY', 'PUBLISH']);
/** They belong to what INVITE opened, and are decided as INVITE. */
const callMethods: ReadonlySet<string> = new Set(['ACK', 'BYE', 'CANCEL', 'PRACK', 'UPDATE']);
const knownMethods = ['INVITE', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'OPTIONS', 'REFER', 'INFO', 'REGISTER', 'SERVICE'];

/** Which groups each member is in, and which groups there are. */
interface Roll {
  members: ReadonlyMap<string, ReadonlySet<string>>;
  groups: ReadonlySet<string>;
}

function rollOf(file: CommunityFile): Roll {
  return {
    members: new Map(file.members.map((member) => [member.id, new Set(member.groups)])),
    groups: new Set(file.members.flatMap((member) => member.groups)),
  };
}

function partyContradictions(party: CommunityParty | undefined, path: (string | number)[], roll: Roll): Finding[] {
  if (party === undefined) return [];
  if (party.member !== undefined && !roll.members.has(party.member)) {
    return [{ path: [...path, 'member'], message: `there is no member ${party.member}${didYouMean(party.member, roll.members.keys())}` }];
  }
  if (party.group !== undefined && !roll.groups.has(party.group)) {
    return [{ path: [...path, 'group'], message: `no member is in the group ${party.group}${didYouMean(party.group, roll.groups)}` }];
  }
  return [];
}

/** Whether everyone that `inner` means is meant by `outer` too. */
function coversParty(outer: CommunityParty | undefined, inner: CommunityParty | undefined, roll: Roll): boolean {
  if (outer === undefined || inner === undefined) return false;
  if (outer.any) return true;
  if (outer.member !== undefined) return inner.member === outer.member;
  if (outer.group === undefined) return false;
  return inner.group === outer.group || (inner.member !== undefined && roll.members.get(inner.member)?.has(outer.group) === true);
}

/** Whether a list that means "all" when it is left out contains another such list. */
function coversList(outer: readonly string[] | undefined, inner: readonly string[] | undefined): boolean {
  return outer === undefined || (inner?.every((word) => outer.includes(word)) ?? false);
}

/** Whether every request that fits `inner` fits `outer` too. */
function covers(outer: CommunityRule, inner: CommunityRule, roll: Roll): boolean {
  return (
    coversParty(outer.from, inner.from, roll) &&
    coversParty(outer.to, inner.to, roll) &&
    coversList(outer.methods, inner.methods) &&
    coversList(outer.events, inner.events)
  );
}

function shadowWarning(file: CommunityFile, rule: CommunityRule, at: number, roll: Roll): Finding[] {
  const earlier = file.rules.slice(0, at).find((other) => other.id !== rule.id && covers(other, rule, roll));
  if (earlier === undefined) return [];
  const same = earlier.action === rule.action;
  const message = same
    ? `is never reached: rule ${earlier.id} above it fits the same requests and says ${rule.action} too`
    : `is never reached: rule ${earlier.id} above it fits the same requests and says ${earlier.action}; move this one up if it is the exception`;
  return [{ path: ['rules', at], message }];
}

function methodWarnings(rule: CommunityRule, at: number): Finding[] {
  return (rule.methods ?? []).flatMap((method, place): Finding[] => {
    const path = ['rules', at, 'methods', place];
    if (callMethods.has(method)) return [{ path, message: `${method} is decided along with the call it belongs to: name INVITE` }];
    const hint = knownMethods.includes(method) ? '' : didYouMean(method, knownMethods);
    return hint === '' ? [] : [{ path, message: `${method} is no method that is in use${hint}` }];
  });
}

/** Rules that name strangers, bear the same id, or never apply. */
export function ruleContradictions(file: CommunityFile): Contradictions {
  const roll = rollOf(file);
  const ids = new Map<string, number>();
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  file.rules.forEach((rule, at) => {
    const same = ids.get(rule.id);
    if (same === undefined) ids.set(rule.id, at);
    else problems.push({ path: ['rules', at, 'id'], message: `rules[${same}] has the id ${rule.id} already` });
    problems.push(
      ...partyContradictions(rule.from, ['rules', at, 'from'], roll),
      ...partyContradictions(rule.to, ['rules', at, 'to'], roll),
    );
    if (rule.events !== undefined && rule.methods !== undefined && !rule.methods.some((method) => eventMethods.has(method))) {
      problems.push({
        path: ['rules', at, 'events'],
        message: 'only SUBSCRIBE, NOTIFY and PUBLISH have an event package, and methods names none of them',
      });
    }
    warnings.push(...shadowWarning(file, rule, at, roll), ...methodWarnings(rule, at));
  });
  return { problems, warnings };
}
