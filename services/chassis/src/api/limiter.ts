/** Lets each of several through so many times a second, and a burst at first. */
export interface Limiter {
  /** Whether `key` may once more. */
  take(key: string): boolean;
}

interface Level {
  left: number;
  at: number;
}

/** How many keys are remembered: the one that was not seen for longest begins anew. */
const mostKeys = 4096;

/** `clock` in ms, never going back. */
export function createLimiter(perSecond: number, burst: number, clock: () => number): Limiter {
  const levels = new Map<string, Level>();
  return {
    take(key) {
      const now = clock();
      const level = levels.get(key) ?? { left: burst, at: now };
      level.left = Math.min(burst, level.left + ((now - level.at) * perSecond) / 1000);
      level.at = now;
      // Put behind the others: a Map is walked in order of insertion.
      levels.delete(key);
      levels.set(key, level);
      if (levels.size > mostKeys) for (const oldest of levels.keys()) if (levels.delete(oldest)) break;
      if (level.left < 1) return false;
      level.left -= 1;
      return true;
    },
  };
}
