/** How many requests of relays were written to a wire and wait for their final answer there, as nearly as a count can tell. */
export interface WireAsks {
  /** Those of this while, and those of the one before. Who waits longer waits no more. */
  recent: number;
  older: number;
  /** When this while began, monotonic ms. */
  since: number;
}

/** 64*T1: the sender of a request gives up within it (RFC 3261 17.1.2.2), ms. */
const whileTime = 32_000;

/** None so far. */
export function noAsks(now: number): WireAsks {
  return { recent: 0, older: 0, since: now };
}

/** One was written. Hot path. */
export function noteAsk(asks: WireAsks, now: number): void {
  if (now - asks.since >= whileTime) turn(asks, now);
  asks.recent += 1;
}

/** A final answer came in: to the oldest, as far as anybody knows. Hot path. */
export function noteAnswer(asks: WireAsks): void {
  if (asks.older > 0) asks.older -= 1;
  else if (asks.recent > 0) asks.recent -= 1;
}

/** Whether an answer may still come that somebody waits for. */
export function isAsked(asks: WireAsks, now: number): boolean {
  if (now - asks.since >= whileTime) turn(asks, now);
  return asks.recent + asks.older > 0;
}

function turn(asks: WireAsks, now: number): void {
  asks.older = now - asks.since >= 2 * whileTime ? 0 : asks.recent;
  asks.recent = 0;
  asks.since = now;
}
