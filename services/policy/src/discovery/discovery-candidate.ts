import { domainFault } from '@guildhall/proto/community/domain';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Decision } from '../decision/hearing.js';
import { type Membership, memberOfDomain } from '../decision/membership.js';

/** Prefixes of SRV names still have to fit in front of it (RFC 1035 2.3.4). */
const longestDomain = 200;

/** Whether a domain may be met by DNS at all: discovery is on, it is a domain below some other, nobody's here, and not the hub's or below that. */
export function mayBeMet(membership: Membership, domain: string): boolean {
  const { discovery, domain: hub } = membership.community;
  if (discovery === undefined || domain.length > longestDomain || !domain.includes('.') || domainFault(domain) !== undefined) return false;
  return domain !== hub && !domain.endsWith(`.${hub}`) && memberOfDomain(membership, domain) === undefined;
}

/**
 * The domain that is worth looking up in DNS because a request for it was refused as nobody's; undefined when there is none. Only the
 * community's own members are worth it: strangers and other communities do not make the hub look for further strangers.
 */
export function soughtDomain(membership: Membership, ask: Ask, { code, peer }: Decision): string | undefined {
  if (code !== 'unknown-domain' || ask.target?.$case !== 'toDomain') return undefined;
  if (peer === undefined || peer.role === 'discovered' || peer.role === 'clearinghouse') return undefined;
  return mayBeMet(membership, ask.target.value) ? ask.target.value : undefined;
}
