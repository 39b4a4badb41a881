import type { LinkTools } from './dialled-link.js';
import { createDialledProxy, type ListenerOf } from './dialled-proxy.js';
import { type DoorCard, linkKey } from './door-card.js';
import type { Link, Member, MemberProxy } from './member.js';
import type { ProxiesOf } from './members.js';
import type { OwnCertificate } from './own-certificate.js';
import type { PresenceTable } from './presence.js';
import { createReverseProxy, reverseKey } from './reverse-proxy.js';
import type { WireSender } from './wire-batch.js';

/** Makes the ways to members from their doors, and knows the links that were dialled by their ids. */
export interface Ways {
  readonly proxiesOf: ProxiesOf;
  linkOf(id: string): Link | undefined;
}

/** What ways are made with. */
export interface WaysTools {
  readonly links: LinkTools;
  readonly linksPerProxy: number;
  readonly certificate: OwnCertificate;
  readonly presence: PresenceTable;
  /** Whether an ingress is there and takes new work. */
  readonly stays: (ingress: string) => boolean;
  /** Writes on connections that ingresses hold. */
  readonly sender: WireSender;
  readonly listenerOf: ListenerOf;
  /** A way through an ingress is gone. */
  readonly orphan: (link: Link) => void;
}

/** A proxy that stays where it is keeps its links when a new door comes, as far as they are still to be trusted; all others are made new. */
export function createWays(tools: WaysTools): Ways {
  const dialled = (member: Member, card: DoorCard, before: readonly MemberProxy[]): readonly MemberProxy[] => {
    const proxies = new Map<string, MemberProxy>();
    for (const proxyCard of card.proxies) {
      const key = linkKey(proxyCard);
      if (proxies.has(key)) continue;
      const kept = before.find((proxy) => proxy.key === key);
      if (kept !== undefined) {
        kept.priority = proxyCard.priority;
        kept.weight = proxyCard.weight;
        kept.expect?.(card, proxyCard);
        proxies.set(key, kept);
        continue;
      }
      const proxy = createDialledProxy(
        member,
        card,
        proxyCard,
        tools.certificate.contextFor,
        tools.linksPerProxy,
        tools.links,
        tools.listenerOf,
      );
      proxies.set(key, proxy);
    }
    return [...proxies.values()];
  };

  /** Those that are about to end come last: what they hold is for what was asked there already. */
  const holders = (member: string): readonly string[] => {
    const all = tools.presence.of(member);
    return [...all.filter(tools.stays), ...all.filter((ingress) => !tools.stays(ingress))];
  };

  const reverse = (member: Member, before: readonly MemberProxy[]): readonly MemberProxy[] =>
    holders(member.id).map((ingress, rank) => {
      const kept = before.find((proxy) => proxy.key === reverseKey(ingress));
      if (kept !== undefined) {
        kept.priority = rank;
        return kept;
      }
      // Ranked, not weighed: as long as the first holds a connection, order is kept.
      const sent = () => {
        tools.links.events.departures += 1;
      };
      return createReverseProxy(member.id, ingress, rank, tools.sender, sent, tools.orphan);
    });

  return {
    proxiesOf(member, card, before) {
      return card.proxies.length > 0 || card.lookup !== '' ? dialled(member, card, before) : reverse(member, before);
    },
    linkOf: (id) => tools.links.dialled.get(id),
  };
}
