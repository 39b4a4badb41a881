import { setTimeout as wait } from 'node:timers/promises';

/** Long work of which nothing depends on when it ends: whatever else the event loop has to do goes in between. */
export interface Pauses {
  /** Whether it has gone on for as long as it may at a time. */
  due(): boolean;
  /** Lets the others have their turn. */
  take(): Promise<void>;
}

/** Whoever paused last in this process, whichever service: they share one event loop, and go on one after the other. */
let before: Promise<void> = Promise.resolve();

/**
 * A message takes several turns of the event loop on its way, and each would be longer by what is done in between: so there is little of that, and a pause
 * is several times as long, ms.
 */
const rest = 2;

/** About `most` ms at a time. */
export function createPauses(most: number, clock: () => number, turn: () => Promise<void> = () => wait(rest)): Pauses {
  let began = clock();
  return {
    due: () => clock() - began >= most,
    async take() {
      before = before.then(turn);
      await before;
      began = clock();
    },
  };
}
