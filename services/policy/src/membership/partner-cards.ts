import type { Agreement, Authority, Community, Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { HubCard, PartnerCard } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { type AgreementWorld, agreementState } from './agreement-state.js';

/** Bound to all addresses, a listener is reached by the hub's name. */
const everyAddress = /^(?:0\.0\.0\.0|::)$/;

/** What a member's proxy needs to know of the hub: where it listens, and who vouches for it and the members. */
export function hubCard(community: Community, authorities: readonly Authority[]): HubCard {
  return {
    domain: community.domain,
    listeners: community.listeners.map((listener) =>
      listener.advertisedHost === '' && everyAddress.test(listener.host) ? { ...listener, advertisedHost: community.domain } : listener,
    ),
    // The community file may name the hub's own authority as well.
    anchors: [...new Set([...community.anchors, ...authorities.map(({ certificate }) => certificate)])],
    revocationLists: [
      ...community.revocationLists,
      ...authorities.map(({ revocationList }) => revocationList).filter((list) => list !== ''),
    ],
  };
}

function partnerCard(partner: Member): PartnerCard {
  return {
    member: partner.id,
    name: partner.name,
    domains: [...partner.domains],
    proxies: [...partner.proxies],
    lookup: partner.lookup,
    anchors: [...partner.anchors],
    pins: [...partner.pins],
    revocationLists: [...partner.revocationLists],
  };
}

/** Doors and trust of those with whom a member has agreed to talk directly, as far as the agreement is in force: each side is handed the other's, and nobody else is. */
export function partnerCards(
  id: string,
  agreements: readonly Agreement[],
  members: ReadonlyMap<string, Member>,
  world: AgreementWorld,
): PartnerCard[] {
  return agreements.flatMap((agreement) => {
    const { first, second, mode } = agreement;
    if (mode !== 'redirect' || (first !== id && second !== id) || agreementState(agreement, world) !== 'in force') return [];
    const partner = members.get(first === id ? second : first);
    return partner === undefined ? [] : [partnerCard(partner)];
  });
}
