import { LRUCache } from 'lru-cache';

/** What a rule allows: so many requests every so many ms, and as many at once. */
export interface Rate {
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
}

/** Token buckets of rules that limit. */
export interface RuleMeasures {
  /** Takes one request out of the bucket under this key; false when it is empty. `share` of the rate is this instance's; `now` is monotonic ms. */
  take(key: string, rate: Rate, share: number, now: number): boolean;
  size(): number;
}

interface Measure {
  tokens: number;
  filledAt: number;
}

/** Keeps `most` buckets; the one longest unused is forgotten first and begins full again. Keys are of members and rules, never of a peer's making. */
export function createRuleMeasures(most: number): RuleMeasures {
  const measures = new LRUCache<string, Measure>({ max: most });
  return {
    size: () => measures.size,
    take(key, { requests, perMs, burst }, share, now) {
      const room = Math.max(1, burst * share);
      let measure = measures.get(key);
      if (measure === undefined) {
        measure = { tokens: room, filledAt: now };
        measures.set(key, measure);
      }
      const passed = Math.max(0, now - measure.filledAt);
      measure.tokens = Math.min(room, measure.tokens + (passed * requests * share) / perMs);
      measure.filledAt = Math.max(now, measure.filledAt);
      if (measure.tokens < 1) return false;
      measure.tokens -= 1;
      return true;
    },
  };
}
