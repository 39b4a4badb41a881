/** Takes what comes many at a time and deals with it a few in each turn of the event loop, so that others get theirs in between. */
export interface Spread<T> {
  put(one: T): void;
  /** What has not had its turn yet; it gets none any more. */
  clear(): readonly T[];
}

/** So many in one turn, ... */
const least = 8;
/** ... or this part of those that wait, where that is more: who floods us cannot make them ever more. */
const part = 1 / 16;

/** `later` calls back in the next turn of the event loop. */
export function createSpread<T>(deal: (one: T) => void, later: (run: () => void) => void = setImmediate): Spread<T> {
  let waiting: T[] = [];
  let due = false;
  const run = (): void => {
    due = false;
    const turn = waiting.splice(0, Math.max(least, Math.ceil(waiting.length * part)));
    // First, lest one that fails keeps the others waiting.
    if (waiting.length > 0) plan();
    for (const one of turn) deal(one);
  };
  const plan = (): void => {
    if (due) return;
    due = true;
    later(run);
  };
  return {
    put(one) {
      waiting.push(one);
      plan();
    },
    clear() {
      const left = waiting;
      waiting = [];
      return left;
    },
  };
}
