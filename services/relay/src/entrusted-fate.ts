/** How the ingress stands that a request was entrusted to: heard of, not heard of, or another incarnation has its id. */
export type HolderStanding = 'there' | 'away' | 'replaced';

/** What may keep a request that an ingress was entrusted with from its answer. Monotonic ms; 0: it is not so. */
export interface Doubt {
  readonly holder: HolderStanding;
  /** Since when its ingress is away. */
  readonly awaySince: number;
  /** Since when this relay is without NATS. */
  readonly busLostAt: number;
  /** When NATS was last back here or there: what was on its way before that may be lost. */
  readonly doubtedAt: number;
  /** When it was handed over, or handed over again. */
  readonly givenAt: number;
}

/** What is done about it: nothing yet; it is said again to the ingress that has it; the relay answers it. */
export type Fate = 'wait' | 'again' | 'answer';

/** Times, ms. */
export const patience = {
  /** An ingress that is off the roster may be back. It keeps what it has, so that only one that stays away costs its requests. */
  away: 2000,
  /** As long as an ingress keeps the answers that it publishes again, less what it takes to be back: what is asked again later may be answered already. */
  bus: 3000,
  /** Answers that are published again are here by then. */
  doubt: 1000,
} as const;

/**
 * A request is never given to a second ingress once a first one heard it: that would make another transaction, with another branch, of what the far
 * member may have got already. The same ingress absorbs it as one sent again (RFC 3261 17.2.3).
 */
export function fateOf({ holder, awaySince, busLostAt, doubtedAt, givenAt }: Doubt, now: number): Fate {
  if (holder === 'replaced') return 'answer';
  if (busLostAt > 0) return now - busLostAt >= patience.bus ? 'answer' : 'wait';
  if (holder === 'away') return now - awaySince >= patience.away ? 'answer' : 'wait';
  return doubtedAt > 0 && givenAt <= doubtedAt && now - doubtedAt >= patience.doubt ? 'again' : 'wait';
}
