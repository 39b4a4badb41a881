/** How much may wait for one member: while its door is asked for and while its links come up. */
export interface Budget {
  /** Takes one thing of so many bytes in, or refuses it. */
  admit(bytes: number): boolean;
  /** Gives back what was admitted. */
  release(bytes: number): void;
  count(): number;
  bytes(): number;
}

/** The most that may wait at a time: things, and their bytes together. */
export interface BudgetLimits {
  readonly count: number;
  readonly bytes: number;
}

/** A budget with nothing admitted. */
export function createBudget(limits: BudgetLimits): Budget {
  let count = 0;
  let total = 0;
  return {
    admit(bytes) {
      if (count >= limits.count || total + bytes > limits.bytes) return false;
      count += 1;
      total += bytes;
      return true;
    },
    release(bytes) {
      count -= 1;
      total -= bytes;
    },
    count: () => count,
    bytes: () => total,
  };
}

/**
 * Things waiting in order. One whose wait has ended elsewhere (answered, cancelled, expired) stays in line until the line
 * moves or is swept, so leaving costs nothing; `isWaiting` tells.
 */
export interface Line<T> {
  push(item: T): void;
  /** Hands out everything that still waits, first come first served, and is empty then. What `take` pushes waits for the next time. */
  drain(take: (item: T) => void): void;
  length(): number;
}

/** A line is swept whenever it has doubled since the last sweep and is longer than this. */
const sweepFrom = 64;

/** An empty line. `isWaiting` must be cheap: a sweep asks it of every item. */
export function createLine<T>(isWaiting: (item: T) => boolean): Line<T> {
  let items: T[] = [];
  let sweepAt = sweepFrom;
  return {
    push(item) {
      if (items.length >= sweepAt) {
        items = items.filter(isWaiting);
        sweepAt = Math.max(sweepFrom, items.length * 2);
      }
      items.push(item);
    },
    drain(take) {
      const out = items;
      items = [];
      sweepAt = sweepFrom;
      for (const item of out) if (isWaiting(item)) take(item);
    },
    length: () => items.length,
  };
}
