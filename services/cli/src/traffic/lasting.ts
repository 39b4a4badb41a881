import { monotonic } from '@guildhall/chassis/clock';
import { Fault } from '@guildhall/chassis/fault';
import { shortSpan } from './figures.js';

/** What whoever watches is told while a feed is away. */
export interface FeedListener {
  /** It broke off and is asked for again; a line. */
  broke(why: string): void;
  /** It is there again. */
  back(): void;
}

/** ms: until it is asked for again, at first and at most, and how long in all. */
export interface Patience {
  readonly first: number;
  readonly most: number;
  readonly away: number;
}

/** A feed of a hub; `opened` is called when the hub has taken the call. */
export type OpenFeed<One> = (signal: AbortSignal, opened: () => void) => AsyncIterable<One>;

const usualPatience: Patience = { first: 1000, most: 10_000, away: 120_000 };
/** What was refused stays refused; these may pass. */
const passing: ReadonlySet<string> = new Set(['no-hub', 'hub-unreachable', 'hub-silent', 'hub-failed', 'limit']);

/**
 * A feed that outlives the hub's restart: once it was open, it is asked for again when it breaks off, later and later. Ends with `signal`. Throws the
 * Fault of a feed that never was, of one that is refused, and `feed-lost` (exit code 3) when it did not come back in time.
 */
export async function* lasting<One>(
  open: OpenFeed<One>,
  signal: AbortSignal,
  told: FeedListener,
  { first, most, away }: Patience = usualPatience,
): AsyncGenerator<One> {
  let begun = false;
  let wait = first;
  let waited = 0;
  while (!signal.aborted) {
    const since = monotonic();
    let came = false;
    let why = 'the hub ended the feed';
    const opened = (): void => {
      begun = true;
      if (waited > 0) told.back();
    };
    try {
      for await (const one of open(signal, opened)) {
        came = true;
        begun = true;
        yield one;
      }
    } catch (thrown) {
      const passes = thrown instanceof Fault && passing.has(thrown.code);
      if (!begun || !passes || (thrown.code === 'limit' && !came && waited === 0)) throw thrown;
      why = thrown.message;
    }
    if (signal.aborted) return;
    if (came || monotonic() - since > most) {
      wait = first;
      waited = 0;
    }
    if (waited >= away) throw lost(why, waited);
    told.broke(`${why.replace(/\.$/, '')}; asking again in ${shortSpan(wait / 1000)}`);
    await pause(wait, signal);
    waited += wait;
    wait = Math.min(wait * 2, most);
  }
}

function lost(why: string, waited: number): Fault {
  return new Fault('feed-lost', `the feed did not come back within ${shortSpan(waited / 1000)}: ${why}`, {
    cure: 'guildhall status tells how the hub stands; run this again once it is there',
    exitCode: 3,
  });
}

/** Resolves after so many ms, or with the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
