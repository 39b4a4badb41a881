import { LRUCache } from 'lru-cache';

/** Answers of DNS, kept: asked once however many want one, and served on while DNS does not answer. */
export interface DnsCache<T> {
  /** The fresh answer, or the old one while there is no other. Rejects when there is neither. */
  get(name: string): Promise<T>;
}

/** Times in ms. */
export interface DnsCacheSettings {
  /** Names remembered. */
  readonly names: number;
  /** For how long an answer that names somebody is fresh at most, and one that names nobody. */
  readonly fresh: number;
  readonly absent: number;
  /** For how long an old answer serves while DNS does not answer. */
  readonly stale: number;
}

/** How many ms an answer may be kept by its own records, and whether it names anybody. */
export type Keeping<T> = (answer: T) => { readonly keepMs: number; readonly found: boolean };

interface Kept<T> {
  readonly answer: T;
  readonly freshUntil: number;
  readonly staleUntil: number;
}

/** No answer is asked for more often, whatever its records say; nor one that failed. */
const least = 1000;

/** `find` asks DNS and rejects when it does not answer; `clock` is monotonic ms. */
export function createDnsCache<T extends object>(
  find: (name: string) => Promise<T>,
  keeping: Keeping<T>,
  settings: DnsCacheSettings,
  clock: () => number,
): DnsCache<T> {
  const cache = new LRUCache<string, Kept<T>>({ max: settings.names });
  const failures = new LRUCache<string, { readonly until: number; readonly failure: unknown }>({ max: settings.names });
  const flights = new Map<string, Promise<T>>();

  const ask = async (name: string): Promise<T> => {
    try {
      const answer = await find(name);
      const { keepMs, found } = keeping(answer);
      const fresh = found ? Math.max(least, Math.min(settings.fresh, keepMs)) : settings.absent;
      const freshUntil = clock() + fresh;
      cache.set(name, { answer, freshUntil, staleUntil: freshUntil + settings.stale });
      failures.delete(name);
      return answer;
    } catch (failure) {
      failures.set(name, { until: clock() + least, failure });
      throw failure;
    }
  };

  const shared = (name: string): Promise<T> => {
    const known = flights.get(name);
    if (known !== undefined) return known;
    const flight = ask(name).finally(() => flights.delete(name));
    flights.set(name, flight);
    return flight;
  };

  return {
    async get(name) {
      const kept = cache.get(name);
      if (kept !== undefined && clock() < kept.freshUntil) return kept.answer;
      try {
        const failed = failures.get(name);
        if (failed !== undefined && clock() < failed.until) throw failed.failure;
        return await shared(name);
      } catch (failure) {
        if (kept !== undefined && clock() < kept.staleUntil) return kept.answer;
        throw failure;
      }
    },
  };
}
