import type { ReasonCode } from '@guildhall/proto/reason';
import { type Message, requestUri } from '@guildhall/proto/sip/message';
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

/** What was told of somebody already. */
interface Told {
  suspect: boolean;
  overRate: number;
  overContacts: number;
}

/** The same kind of excess of the same partner is told again after this, ms. */
const quiet = 60_000;

/** `tell` hears of each partner whose conduct changed. */
export function createWatchList(members: Pick<Members, 'all'>, tell: (member: Member, note: WatchNote) => void): WatchList {
  const known = new Map<string, Told>();
  let quietUntil = Number.NEGATIVE_INFINITY;

  const look = (member: Member, loud: boolean): void => {
    const { conduct } = member;
    if (conduct === undefined) return;
    const told = known.get(member.id) ?? { suspect: false, overRate: 0, overContacts: 0 };
    known.set(member.id, told);
    if (conduct.suspect !== told.suspect) tell(member, conduct.suspect ? 'suspect' : 'good-again');
    told.suspect = conduct.suspect;
    // The first excess at once, later ones once in a while.
    if (conduct.overRate > told.overRate && (loud || told.overRate === 0)) {
      tell(member, 'over-rate');
      told.overRate = conduct.overRate;
    }
    if (conduct.overContacts > told.overContacts && (loud || told.overContacts === 0)) {
      tell(member, 'over-contacts');
      told.overContacts = conduct.overContacts;
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
      for (const member of members.all()) look(member, loud);
    },
  };
}
