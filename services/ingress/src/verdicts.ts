import { type Ask, Verdict } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { LRUCache } from 'lru-cache';
import { type KeptVerdict, keptVerdict, type VerdictLife } from './kept-verdict.js';

/** How long verdicts serve. */
export interface VerdictTimes {
  /** ms for which a verdict is fresh, and for which it serves when it cannot be had anew. */
  readonly fresh: number;
  readonly stale: number;
  /** ms until a refresh that failed is tried again. */
  readonly retry: number;
}

/** How the cache has done; plain fields. */
export interface VerdictCounts {
  hits: number;
  misses: number;
  refreshes: number;
  failures: number;
}

/** The verdict cache: asks policy once for each question and keeps the answer. */
export interface Verdicts {
  /** The verdict if it is at hand; one that is no longer fresh still serves and is asked anew beside. Hot path: no promise on a hit. */
  get(key: string, subject: AskSubject, now: number): KeptVerdict | undefined;
  /** Asks, one flight for each key however many ask. Rejects when policy does not answer. `trace`: a `traceparent` for the question, or ''. */
  fetch(key: string, subject: AskSubject, trace?: string): Promise<KeptVerdict>;
  /** Forgets what was decided from or to these members, and about domains of nobody; undefined: everything must be asked anew. */
  drop(members: ReadonlySet<string> | undefined, version: bigint): void;
  /** A change may have gone by unheard: everything serves on, and is asked anew at its next use. */
  doubt(): void;
  readonly counts: VerdictCounts;
  size(): number;
}

/** The names of a question. */
export interface AskSubject {
  readonly peer: string;
  readonly fromDomain: string;
  /** Exactly one of the two is set. */
  readonly toDomain: string;
  readonly toMember: string;
  readonly method: string;
  readonly event: string;
}

/** One question, one key: no two questions share one, because no name contains a space or is both a domain and a member. */
export function verdictKey(subject: AskSubject): string {
  return `${subject.peer} ${subject.fromDomain} ${subject.toDomain} ${subject.toMember} ${subject.method} ${subject.event}`;
}

/** The question as it goes to policy; only made when it must be asked. */
export function askOf(subject: AskSubject): Ask {
  const { peer, fromDomain, toDomain, toMember, method, event } = subject;
  return {
    peer,
    fromDomain,
    target: toMember === '' ? { $case: 'toDomain', value: toDomain } : { $case: 'toMember', value: toMember },
    method,
    event,
  };
}

/** Room for one verdict of as many rules as there can be, however small the cache. */
const leastRoom = 4_000;

/** `request` asks policy and rejects when it has no answer; `clock` is monotonic ms. */
export function createVerdicts(
  entries: number,
  times: VerdictTimes,
  request: (ask: Ask, trace: string) => Promise<Uint8Array>,
  clock: () => number,
): Verdicts {
  const counts: VerdictCounts = { hits: 0, misses: 0, refreshes: 0, failures: 0 };
  /** Verdicts of older memberships than this serve those who wait, and are asked anew. */
  let oldest = 0n;

  /** Grows when something is forgotten: who asked before that may be told what is no longer true. */
  let drops = 0;
  /** Questions under way, one for each key. */
  const flights = new Map<string, Promise<KeptVerdict>>();
  const cache = new LRUCache<string, KeptVerdict>({
    max: entries,
    // A verdict of many rules takes the room of many verdicts.
    maxSize: Math.max(entries, leastRoom),
    sizeCalculation: ({ checks }) => 1 + (checks?.length ?? 0),
  });

  const fly = async (key: string, ask: Ask, trace: string): Promise<KeptVerdict> => {
    const asked = drops;
    try {
      const verdict = Verdict.decode(await request(ask, trace));
      const outdated = verdict.version < oldest;
      const kept = keptVerdict(verdict, ask.peer, lifeOf(verdict, times, clock(), outdated));
      // What was decided before a change that came meanwhile answers those who wait, and nobody after them.
      if (!outdated || asked === drops) cache.set(key, kept);
      return kept;
    } catch (error) {
      counts.failures += 1;
      throw error;
    }
  };

  const askAnew = (key: string, ask: Ask, trace: string): Promise<KeptVerdict> => {
    const flying = flights.get(key);
    if (flying !== undefined) return flying;
    const flight = fly(key, ask, trace).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    flights.set(key, flight);
    return flight;
  };

  const refresh = (key: string, kept: KeptVerdict, ask: Ask, now: number): void => {
    counts.refreshes += 1;
    kept.freshUntil = now + times.retry;
    // A failed refresh leaves the old verdict in place, and is tried again after `retry`; it was counted where it failed.
    askAnew(key, ask, '').catch(() => undefined);
  };

  return {
    counts,
    size: () => cache.size,
    get(key, subject, now) {
      const kept = cache.get(key);
      if (kept === undefined || now >= kept.staleUntil) {
        counts.misses += 1;
        return undefined;
      }
      counts.hits += 1;
      if (now >= kept.freshUntil) refresh(key, kept, askOf(subject), now);
      return kept;
    },
    async fetch(key, subject, trace = '') {
      const kept = cache.get(key);
      if (kept !== undefined && clock() < kept.staleUntil) return kept;
      return askAnew(key, askOf(subject), trace);
    },
    doubt() {
      for (const kept of cache.values()) kept.freshUntil = Number.NEGATIVE_INFINITY;
    },
    drop(members, version) {
      if (version > oldest) oldest = version;
      drops += 1;
      flights.clear();
      if (members === undefined) {
        cache.clear();
        return;
      }
      for (const [key, kept] of [...cache.entries()]) {
        if (kept.member === '' || members.has(kept.member) || members.has(kept.peer)) cache.delete(key);
      }
    },
  };
}

/** When a verdict that came now is to be asked anew; policy may have bounded how long it holds. */
function lifeOf(verdict: Verdict, times: VerdictTimes, now: number, outdated: boolean): VerdictLife {
  const holds = verdict.holdsFor === 0 ? Number.POSITIVE_INFINITY : now + verdict.holdsFor;
  return {
    freshUntil: outdated ? now : Math.min(now + times.fresh, holds),
    staleUntil: Math.min(now + times.fresh + times.stale, holds),
  };
}
