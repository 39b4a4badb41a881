import type { Turn } from '@guildhall/chassis/turn';

/** Work in pieces of which there may be thousands at once: so many are done in a turn of the event loop, the others in the turns that follow. */
export interface Slices<T> {
  /** Does it now, if this turn has done little of it yet; else in its order. */
  take(piece: T): void;
}

/** At most `most` a turn: a turn of them must not take so long that who has nothing to do with it notices. */
export function createSlices<T>(turn: Turn, most: number, work: (piece: T) => void): Slices<T> {
  const waiting: T[] = [];
  let done = 0;
  const job = {
    run() {
      const slice = waiting.splice(0, most);
      done = slice.length;
      if (done > 0) turn.later(job);
      doAll(slice);
    },
    queued: false,
  };
  /** One that throws does not keep the others from being done. */
  const doAll = (slice: readonly T[]): void => {
    let at = 0;
    try {
      for (const piece of slice) {
        at += 1;
        work(piece);
      }
    } finally {
      if (at < slice.length) waiting.unshift(...slice.slice(at));
    }
  };
  return {
    take(piece) {
      turn.later(job);
      if (done >= most || waiting.length > 0) {
        waiting.push(piece);
        return;
      }
      done += 1;
      work(piece);
    },
  };
}
