import type { Finding, Path } from './problem.js';
import { domainOfUser, ownerIn, type Roll } from './rule-roll.js';
import type { CommunityParty, CommunityRule } from './schema.js';

function stranger(id: string, path: Path, roll: Roll): Finding[] {
  if (roll.members.has(id)) return [];
  return [{ path, message: `there is no member ${id}${roll.nearMember(id)}` }];
}

function unknownIn(party: CommunityParty | undefined, path: Path, roll: Roll): Finding[] {
  if (party === undefined) return [];
  const { member, members, group } = party;
  if (member !== undefined) return stranger(member, [...path, 'member'], roll);
  if (members !== undefined) return members.flatMap((id, at) => stranger(id, [...path, 'members', at], roll));
  if (group === undefined || roll.groups.has(group)) return [];
  return [{ path: [...path, 'group'], message: `no member is in the group ${group}${roll.nearGroup(group)}` }];
}

/** Parties of a rule that are strangers, missing, or too many. */
export function partyProblems(rule: CommunityRule, at: number, roll: Roll): Finding[] {
  const path = ['rules', at];
  const { from, to, between } = rule;
  const found = [...unknownIn(from, [...path, 'from'], roll), ...unknownIn(to, [...path, 'to'], roll)];
  if (between === undefined) {
    if (from === undefined || to === undefined)
      found.push({ path, message: `has no ${from === undefined ? 'from' : 'to'}: a rule needs from and to, or between` });
    return found;
  }
  found.push(...between.flatMap((id, place) => stranger(id, [...path, 'between', place], roll)));
  if (between[0] === between[1])
    found.push({ path: [...path, 'between'], message: `${between[0]} is there twice: between names two members` });
  if (from !== undefined || to !== undefined)
    found.push({ path: [...path, 'between'], message: 'stands instead of from and to, which are there too', at: 'key' });
  return found;
}

function nobodyIn(party: CommunityParty | undefined, path: Path, roll: Roll): Finding[] {
  if (party?.members?.length === 0) {
    return [{ path: [...path, 'members'], message: 'is empty, which means nobody: the rule can never match' }];
  }
  const domain = party?.domain ?? (party?.user === undefined ? undefined : domainOfUser(party.user));
  if (party === undefined || domain === undefined || roll.open || ownerIn(roll, domain) !== undefined) return [];
  // A domain above members' means all of them.
  if (party.domain !== undefined && roll.above.has(domain)) return [];
  const key = party.domain === undefined ? 'user' : 'domain';
  const hint = roll.nearDomain(domain);
  return [{ path: [...path, key], message: `no member has the domain ${domain}${hint}: the rule can never match` }];
}

/** Parties of a rule that are nobody. */
export function partyWarnings(rule: CommunityRule, at: number, roll: Roll): Finding[] {
  return [...nobodyIn(rule.from, ['rules', at, 'from'], roll), ...nobodyIn(rule.to, ['rules', at, 'to'], roll)];
}
