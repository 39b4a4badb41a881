import { hintsAmong } from './near-miss.js';
import type { CommunityFile } from './schema.js';

/** Who there is for rules to be about. */
export interface Roll {
  /** Member id to its groups. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly groups: ReadonlySet<string>;
  /** Domain to member id. */
  readonly domains: ReadonlyMap<string, string>;
  /** Every domain that lies above some member's. */
  readonly above: ReadonlySet<string>;
  /** Some member speaks for domains of nobody, or strangers may be met. */
  readonly open: boolean;
  /** What was probably meant by a word that is no member, group or domain, as `didYouMean`. */
  nearMember(id: string): string;
  nearGroup(group: string): string;
  nearDomain(domain: string): string;
  /** A list of ids as a set, made once for each list. */
  setOf(ids: readonly string[]): ReadonlySet<string>;
}

/** Collects the members, groups and domains of a file. */
export function rollOf({ members, community }: CommunityFile): Roll {
  const groupsOf = new Map<string, readonly string[]>();
  const groups = new Set<string>();
  const domains = new Map<string, string>();
  const above = new Set<string>();
  const sets = new Map<readonly string[], ReadonlySet<string>>();
  for (const member of members) {
    groupsOf.set(member.id, member.groups);
    for (const group of member.groups) groups.add(group);
    for (const domain of member.domains) {
      domains.set(domain, member.id);
      for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) above.add(domain.slice(dot + 1));
    }
  }
  return {
    members: groupsOf,
    groups,
    domains,
    above,
    open: community.discovery !== undefined || members.some((member) => member.role === 'clearinghouse'),
    nearMember: hintsAmong(() => groupsOf.keys()),
    nearGroup: hintsAmong(() => groups),
    nearDomain: hintsAmong(() => domains.keys()),
    setOf(ids) {
      let set = sets.get(ids);
      if (set === undefined) {
        set = new Set(ids);
        sets.set(ids, set);
      }
      return set;
    },
  };
}

/** The member that serves a domain: by its own entry or that of its nearest parent. */
export function ownerIn({ domains }: Roll, domain: string): string | undefined {
  for (let rest = domain; rest !== ''; rest = rest.includes('.') ? rest.slice(rest.indexOf('.') + 1) : '') {
    const owner = domains.get(rest);
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/** The part of a user behind the last @. */
export function domainOfUser(user: string): string {
  return user.slice(user.lastIndexOf('@') + 1);
}
