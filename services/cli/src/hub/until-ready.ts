import type { LogLevel } from './log-stream.js';

/** What is asked, and how patiently. */
export interface ReadinessQuestion {
  /** "host:port" of each service's admin door, by its name. */
  readonly admin: Readonly<Record<string, string>>;
  /** All together are given so long, ms. */
  readonly patience: number;
  /** Each is asked again after so long, ms. */
  readonly again?: number;
  say(level: LogLevel, message: string): void;
}

const defaultAgain = 50;
/** One answer of a service that is alive takes a millisecond or so. */
const answerWithin = 2_000;
/** A service's reasons are short sentences; of anything longer, this is enough. */
const mostReasons = 5;

/**
 * Asks /readyz of every service until all say yes, so that whoever is told of a hub can use it at once. Those that do
 * not within the patience are told of as warnings, with their reasons: a hub that cannot do everything yet still serves.
 * Resolves with their names; never rejects.
 */
export async function untilReady({ admin, patience, again = defaultAgain, say }: ReadinessQuestion): Promise<string[]> {
  const signal = AbortSignal.timeout(patience);
  const late = await Promise.all(
    Object.entries(admin).map(async ([service, address]) => {
      let why = await whyNot(address, signal);
      while (why !== undefined && !signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, again));
        const now = await whyNot(address, signal);
        // What it said itself tells more than that the patience ended while it was asked once more.
        if (!signal.aborted || now === undefined) why = now;
      }
      if (why !== undefined) say('warn', `${service} is not ready after ${patience / 1000} s: ${why}`);
      return why === undefined ? [] : [service];
    }),
  );
  return late.flat();
}

/** Why the service behind this door is not ready, in words; undefined if it is. */
async function whyNot(address: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://${address}/readyz`, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithin)]) });
    const body: unknown = await answer.json();
    if (answer.ok) return undefined;
    const reasons = typeof body === 'object' && body !== null && 'reasons' in body && Array.isArray(body.reasons) ? body.reasons : [];
    return reasons.slice(0, mostReasons).map(String).join('; ') || 'it does not say why';
  } catch {
    return 'it does not answer at its admin address';
  }
}
