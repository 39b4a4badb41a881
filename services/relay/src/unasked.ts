/** How much more of what nobody asked for may come in on one link. Times are monotonic ms. */
export interface Unasked {
  /** Something was written to the far end: it may bring responses. Hot path. */
  wrote(): void;
  /** A response came in. Hot path. */
  answered(): void;
  /** Anything else came in: a request, a ping, a broken message, a piece of a message. */
  came(): void;
  /** How many of all these there were. */
  count(): number;
  /** Time passes: so much may come again. */
  fill(now: number): void;
  /** Whether it was too much: nothing is to be read until this is false again, which takes about a second at most. */
  isTooMuch(): boolean;
}

/** A request has so many responses at most that count as asked for, and so many are waited for in all. */
const responses = { each: 4, most: 40_000 };

/**
 * A bucket that holds a second's worth. What a far end says costs the hub work whether anybody waits for it or not, and the work of one link
 * makes all others wait: responses to what was written are free, the rest is read at this rate and beyond it waits in TCP.
 */
export function createUnasked(perSecond: number, now: number): Unasked {
  let left = perSecond;
  let filledAt = now;
  let owed = 0;
  let count = 0;
  const came = (): void => {
    // One chunk may hold thousands of pings: what it costs is never paid for longer than a second.
    if (left > -perSecond) left -= 1;
    count += 1;
  };
  return {
    wrote() {
      owed = Math.min(responses.most, owed + responses.each);
    },
    answered() {
      if (owed === 0) return came();
      owed -= 1;
      count += 1;
    },
    came,
    count: () => count,
    fill(at) {
      left = Math.min(perSecond, left + (Math.max(0, at - filledAt) * perSecond) / 1000);
      filledAt = at;
    },
    isTooMuch: () => left < 0,
  };
}
