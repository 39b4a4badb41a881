import { setTimeout as wait } from 'node:timers/promises';

/** Long work of which nothing depends on when it ends: whatever else the event loop has to do goes in between. */
export interface Pauses {
  /** Whether it has gone on for as long as it may at a time. */
  due(): boolean;
  /** Lets the others have their turn. */
  take(): Promise<void>;
}

/**
 * A message takes several turns of the event loop on its way, and each would be longer by what is done in between: so there is little of that, and a pause
 * is several times as long, ms.
 */
const rest = 2;

/** Where pauses are long because the loop is busy, more is done between them: once more as much for each so many ms since the beginning, so that it ends. */
const growth = 250;

/**
 * Whoever paused last in this process. Shared by all its services, since the event loop is: what one of them does between two pauses and what another does
 * must not come together.
 */
let before: Promise<void> = Promise.resolve();

/** About `most` ms at a time, more as it goes on. */
export function createPauses(most: number, clock: () => number, turn: () => Promise<void> = () => wait(rest)): Pauses {
  const since = clock();
  let began = since;
  return {
    due() {
      const now = clock();
      return now - began >= most * (1 + (now - since) / growth);
    },
    async take() {
      before = before.then(turn, turn);
      await before;
      began = clock();
    },
  };
}
