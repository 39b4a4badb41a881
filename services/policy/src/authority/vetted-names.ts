import type { VettedNames } from '@guildhall/chassis/authority/granted-names';
import { domainFault } from '@guildhall/proto/community/domain';
import { type Member, type Membership, memberOfDomain } from '../decision/membership.js';

/** Why a member's certificate may not carry a DNS name, in words that continue "it ...", or undefined. That nobody else has it does not make it the member's. */
export function foreignName(membership: Membership, member: Member, name: string): string | undefined {
  const fault = domainFault(name);
  if (fault !== undefined) return fault;
  if (member.domains.includes(name)) return undefined;
  const { domain } = membership.community;
  const owner = memberOfDomain(membership, name);
  if (owner !== undefined && owner.id !== member.id) return 'belongs to another member';
  if (owner === undefined && (name === domain || name.endsWith(`.${domain}`))) return 'belongs to the hub';
  return undefined;
}

/** The names that certificates of a member may carry: its domains, its proxies' names, and those it was invited with. What belongs to others is never among them. */
export function vettedNames(membership: Membership, member: Member, invited: readonly string[]): VettedNames {
  return {
    owner: `member ${member.id}`,
    domains: member.domains,
    names: [...new Set([...member.names, ...invited])].filter((name) => foreignName(membership, member, name) === undefined),
    why: (name) => foreignName(membership, member, name),
  };
}
