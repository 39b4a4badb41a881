import type { CommunityFile } from './schema.js';

/** Who there is for rules to be about. */
export interface Roll {
  /** Member id to its groups. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly groups: ReadonlySet<string>;
  /** Domain to member id. */
  readonly domains: ReadonlyMap<string, string>;
  /** Some member speaks for domains of nobody, or strangers may be met. */
  readonly open: boolean;
}

/** Collects the members, groups and domains of a file. */
export function rollOf({ members, community }: CommunityFile): Roll {
  const groupsOf = new Map<string, readonly string[]>();
  const groups = new Set<string>();
  const domains = new Map<string, string>();
  for (const member of members) {
    groupsOf.set(member.id, member.groups);
    for (const group of member.groups) groups.add(group);
    for (const domain of member.domains) domains.set(domain, member.id);
  }
  return {
    members: groupsOf,
    groups,
    domains,
    open: community.discovery !== undefined || members.some((member) => member.role === 'clearinghouse'),
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
