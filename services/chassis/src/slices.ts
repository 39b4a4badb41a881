import type { Turn } from './turn.js';

/** Work in pieces of which there may be thousands at once: some are done in a turn of the event loop, the others in the turns that follow. */
export interface Slices<T> {
  /** Does it now, if this turn has not done much of it yet; else in its order. */
  take(piece: T): void;
}

/** About `most` ms a turn, so that who has nothing to do with it does not notice. One piece that throws does not keep the others from being done. */
export function createSlices<T>(turn: Turn, most: number, clock: () => number, work: (piece: T) => void): Slices<T> {
  let waiting: T[] = [];
  let spent = 0;
  const job = {
    run() {
      spent = 0;
      if (waiting.length === 0) return;
      turn.later(job);
      const began = clock();
      let at = 0;
      try {
        for (const piece of waiting) {
          at += 1;
          work(piece);
          spent = clock() - began;
          if (spent >= most) break;
        }
      } finally {
        waiting = waiting.slice(at);
      }
    },
    queued: false,
  };
  return {
    take(piece) {
      turn.later(job);
      if (spent >= most || waiting.length > 0) {
        waiting.push(piece);
        return;
      }
      const began = clock();
      work(piece);
      spent += clock() - began;
    },
  };
}
