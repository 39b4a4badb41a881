import type { Bus } from '@guildhall/chassis/bus';
import { type CertificateFacts, sipNames } from '@guildhall/chassis/certificate';
import { domainFault } from '@guildhall/proto/community/domain';
import { Sighted } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { LRUCache } from 'lru-cache';
import type { Peer, PeerFacts } from './peer.js';
import type { TrustTable } from './trust.js';

/** What introductions may cost. */
const most = {
  /** Domains of one certificate that are told. */
  domains: 8,
  /** Strangers told a second, whoever they are. */
  aSecond: 20,
  /** Domains remembered, so that one is not told again within `quietMs`. */
  remembered: 1_000,
  quietMs: 5_000,
} as const;

/** The domains a certificate speaks for: the hosts of its sip URIs, or else its DNS names (RFC 5922 7.1). */
function domainsOf(certificate: Pick<CertificateFacts, 'uris' | 'dnsNames'>): readonly string[] {
  const uris = sipNames({ ...certificate, dnsNames: [] });
  const names = uris.length > 0 ? uris : sipNames({ ...certificate, uris: [] });
  return [...new Set(names)].filter((name) => domainFault(name) === undefined).slice(0, most.domains);
}

/**
 * The domains by which somebody who is no member introduces itself: its chain was found good but for its names, which are nobody's here, and an
 * authority of discovery stands soundly behind it. Empty for everybody else.
 */
export function introducing(peer: Peer, facts: PeerFacts, trust: TrustTable | undefined): readonly string[] {
  if (peer.kind !== 'closed' || peer.reason !== 'name-of-no-member' || trust === undefined) return [];
  const { certificate, vouching } = facts;
  if (certificate === undefined || !vouching.sound.some((anchor) => trust.discoveryAnchors.has(anchor))) return [];
  return domainsOf(certificate);
}

/** Looks at who was turned away: a stranger that discovery may meet is told of, and why it is closed becomes `introduced`. */
export type Introduce = (peer: Peer, facts: PeerFacts) => Peer;

/** Strangers are told to policy, which looks for them in DNS; `clock` is monotonic ms. */
export function createIntroductions(trust: () => TrustTable | undefined, bus: Pick<Bus, 'publish'>, clock: () => number): Introduce {
  const told = new LRUCache<string, number>({ max: most.remembered });
  let second = 0;
  let inSecond = 0;

  const mayTell = (now: number): boolean => {
    const current = Math.floor(now / 1000);
    inSecond = current === second ? inSecond + 1 : 1;
    second = current;
    return inSecond <= most.aSecond;
  };

  return (peer, facts) => {
    const domains = introducing(peer, facts, trust());
    if (domains.length === 0) return peer;
    const now = clock();
    const news = domains.filter((domain) => now - (told.get(domain) ?? Number.NEGATIVE_INFINITY) >= most.quietMs);
    if (news.length > 0 && mayTell(now)) {
      for (const domain of news) told.set(domain, now);
      bus.publish(subjects.sighted, Sighted.encode({ domains: news }).finish());
    }
    return { kind: 'closed', reason: 'introduced', detail: `it speaks for ${domains.join(' ')}, which is nobody's here yet` };
  };
}
