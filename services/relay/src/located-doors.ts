import type { DnsTarget, DnsTargets } from '@guildhall/chassis/dns-targets';
import type { DoorCard, ProxyCard } from './door-card.js';
import type { Doors } from './doors.js';

/** What is asked of DNS and whom it tells. */
export interface Locating {
  /** Whom to dial for a domain (RFC 3263); rejects when DNS did not answer. */
  targets(domain: string): Promise<DnsTargets>;
  /** Whether a stranger's names may lead to this address. */
  mayDial(address: string): boolean;
  located(member: string, domain: string, targets: number, refused: number): void;
  failed(member: string, domain: string, error: unknown): void;
}

/** DNS is asked no sooner again than this, ms; while it does not answer or names nobody, just so soon. */
const soon = 2_000;

/** Doors like those of policy, in which DNS has put the proxies where policy names only a domain. */
export function createLocatedDoors(doors: Doors, locating: Locating): Doors {
  const locate = async (card: DoorCard): Promise<DoorCard> => {
    const { member, lookup } = card;
    try {
      const found = await locating.targets(lookup);
      const allowed = card.stranger ? found.targets.filter(({ address }) => locating.mayDial(address)) : found.targets;
      locating.located(member, lookup, allowed.length, found.targets.length - allowed.length);
      if (allowed.length > 0)
        return { ...card, proxies: allowed.map((target) => proxyCard(lookup, target)), freshFor: Math.max(soon, found.keepMs) };
      const why = found.targets.length > 0 ? 'leads to addresses that are not public' : 'names no proxy';
      return { ...card, unlocated: `DNS ${why} of ${member} under ${lookup}`, freshFor: soon };
    } catch (error) {
      locating.failed(member, lookup, error);
      return { ...card, unlocated: `DNS did not answer where the proxies of ${member} are, under ${lookup}`, freshFor: soon };
    }
  };

  return {
    async get(member) {
      const card = await doors.get(member);
      return card.open && card.lookup !== '' ? locate(card) : card;
    },
    isOld: doors.isOld,
    forget: doors.forget,
  };
}

/** RFC 3263 and RFC 5922 4: whatever DNS made of it, the certificate must carry the name that was looked up. */
function proxyCard(lookup: string, { address, port, priority, weight }: DnsTarget): ProxyCard {
  return { host: address, port, names: [lookup], priority, weight };
}
