import type { Bus } from '@guildhall/chassis/bus';
import type { Roster } from '@guildhall/chassis/roster';
import { type PartnerConduct, Watched } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import type { ReasonCode } from '@guildhall/proto/reason';
import { type Message, requestUri } from '@guildhall/proto/sip/message';
import { subjects } from '@guildhall/proto/subjects';
import { hasToTag } from './dialog-route.js';
import { type Member, type Members, takeToken } from './members.js';
import { held, newConduct } from './partner-bounds.js';
import type { TrustTable } from './trust.js';

/** What makes a discovered partner worth an operator's look. */
export type WatchNote = 'suspect' | 'good-again' | 'over-rate' | 'over-contacts';

/** Discovered partners under observation. */
export interface WatchList {
  /** The membership changed: bounds begin, change or end. */
  review(table: TrustTable): void;
  /** To be called every second or so: tells what became of them since. */
  tend(now: number): void;
}

/** Whether one more request is too much for its member: '' when it is not, else a code of the reason table. Hot path. */
export function overRate(member: Member, request: Message, requestsPerSecond: number, now: number): ReasonCode | '' {
  if (!takeToken(member, requestsPerSecond, now)) return 'rate-limit';
  if (member.conduct === undefined) return '';
  return held(member.conduct, hasToTag(request) ? undefined : contactOf(request), now);
}

/** The user a request addresses, without what may vary: scheme, parameters and headers of the URI. Undefined where it addresses a server. */
function contactOf(request: Message): string | undefined {
  const uri = requestUri(request);
  const at = uri.indexOf('@');
  if (at < 0) return undefined;
  const end = uri.slice(at).search(/[;?]/);
  return uri.slice(uri.indexOf(':') + 1, end < 0 ? undefined : at + end).toLowerCase();
}

/** As policy is told; nothing of those that are held to no bounds. */
function conductOf({ id, conduct, counts, wires }: Member): PartnerConduct[] {
  if (conduct === undefined) return [];
  const { contacts, suspect } = conduct;
  return [
    {
      member: id,
      requests: BigInt(counts.requests),
      contacts: contacts.size,
      connections: wires.length,
      suspect,
      overRate: BigInt(conduct.overRate),
      overContacts: BigInt(conduct.overContacts),
    },
  ];
}

/** What was told of somebody already. */
interface Told {
  suspect: boolean;
  overRate: number;
  overContacts: number;
}

/** The same kind of excess of the same partner is told again after this, ms. */
const quiet = 60_000;

/** Who hears of it: `noted` of each partner whose conduct changed, policy of all of them once in a while. */
export interface WatchDesk {
  readonly id: string;
  readonly bus: Pick<Bus, 'publish'>;
  noted(member: Member, note: WatchNote): void;
  /** Tells how many ingresses share the bounds. */
  readonly roster: Pick<Roster, 'freshIds'>;
}

/** How often policy is told, ms, and of how many at most. */
const told = { everyMs: 2_000, most: 2_000 } as const;

/** Keeps an eye on the discovered partners of this ingress. */
export function createWatchList(members: Pick<Members, 'all'>, { id: own, bus, noted: tell, roster }: WatchDesk): WatchList {
  const known = new Map<string, Told>();
  let tellAt = Number.NEGATIVE_INFINITY;
  let quietUntil = Number.NEGATIVE_INFINITY;

  const look = (member: Member, loud: boolean, share: number): void => {
    const { conduct } = member;
    if (conduct === undefined) return;
    conduct.share = share;
    const before = known.get(member.id) ?? { suspect: false, overRate: 0, overContacts: 0 };
    known.set(member.id, before);
    if (conduct.suspect !== before.suspect) tell(member, conduct.suspect ? 'suspect' : 'good-again');
    before.suspect = conduct.suspect;
    // The first excess at once, later ones once in a while.
    if (conduct.overRate > before.overRate && (loud || before.overRate === 0)) {
      tell(member, 'over-rate');
      before.overRate = conduct.overRate;
    }
    if (conduct.overContacts > before.overContacts && (loud || before.overContacts === 0)) {
      tell(member, 'over-contacts');
      before.overContacts = conduct.overContacts;
    }
  };

  return {
    review(table) {
      for (const member of members.all()) {
        const bounds = table.members.get(member.id)?.bounds;
        if (bounds === undefined) member.conduct = undefined;
        else if (member.conduct === undefined) member.conduct = newConduct(bounds, 0);
        else member.conduct.bounds = bounds;
      }
      for (const id of known.keys()) if (table.members.get(id)?.bounds === undefined) known.delete(id);
    },
    tend(now) {
      const loud = now >= quietUntil;
      if (loud) quietUntil = now + quiet;
      const share = 1 / Math.max(1, roster.freshIds('ingress').length);
      for (const member of members.all()) look(member, loud, share);
      if (now < tellAt) return;
      tellAt = now + told.everyMs;
      const partners = [...members.all()].flatMap(conductOf).slice(0, told.most);
      if (partners.length > 0) bus.publish(subjects.watched, Watched.encode({ id: own, partners }).finish());
    },
  };
}
