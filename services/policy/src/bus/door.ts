import { Door } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { Member, Membership } from '../decision/membership.js';

/** Who may vouch for a member besides its own authorities: the community's, but those of discovery for whom it met. */
function vouchingFor({ community }: Membership, member: Member): readonly string[] {
  return member.role === 'discovered' ? (community.discovery?.anchors ?? []) : community.anchors;
}

/**
 * The next-hop card of a member, as relay dials it. Closed, with nothing else set, when there is no such member or it is
 * not active. A proxy's `names` are its own name, or else the member's domains and the host if that is a name; the
 * certificate must carry one of them exactly, never a parent or a wildcard (RFC 5922 7.2, 7.3).
 */
export function doorOf(membership: Membership, id: string): Door {
  const member = membership.members.get(id);
  const open = member?.status === 'active';
  const { version } = membership;
  if (member === undefined || !open) return Door.fromPartial({ member: id, version });
  return {
    member: id,
    open,
    proxies: member.proxies.map(({ host, port, names, priority, weight }) => ({ host, port, names: [...names], priority, weight })),
    pins: [...member.pins],
    anchors: [...vouchingFor(membership, member), ...member.anchors],
    version,
    interface: member.interface,
    acceptCommonName: member.acceptCommonName,
    lookup: member.lookup,
    stranger: member.role === 'discovered',
    domains: [...member.domains],
  };
}
