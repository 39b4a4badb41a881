import type { Period } from './book.js';

/** The length of a point of history, ms. */
export const minuteMs = 60_000;

/** Which minute a batch belongs to, and which minutes are over. */
export interface MinuteClock {
  /** Minutes, by their beginning, that are over once the stream has come to `stored`: to be closed before anything more is counted. */
  over(stored: number): number[];
  /** The beginning of the minute of a batch of that time, stored at that time; undefined: that minute is closed. Opens it. */
  place(at: number, stored: number): number | undefined;
  /** The minutes that are open, oldest first. */
  open(): number[];
}

/** How far a clock may go back before all that it told is forgotten, ms. */
const steppedBack = 5 * minuteMs;

/** The period of the book in which a minute is counted: no more than two can be open. */
export function periodOf(minute: number): Period {
  return (minute / minuteMs) % 2 === 0 ? 1 : 2;
}

/**
 * A batch belongs to the minute of its own time, but at most `grace` ms before the time at which it was stored, and not behind it. Both come from
 * the stream, so every console that reads it places every batch alike. `done`: the last minute that is closed already.
 */
export function createMinuteClock(grace: number, done: number): MinuteClock {
  const open = new Set<number>();
  let closed = done;
  let newest = 0;

  const startOf = (at: number): number => Math.floor(at / minuteMs) * minuteMs;
  const takeOpen = (over: (minute: number) => boolean): number[] => {
    const taken = [...open].filter(over).sort((a, b) => a - b);
    for (const minute of taken) {
      open.delete(minute);
      closed = Math.max(closed, minute);
    }
    return taken;
  };

  return {
    over(stored) {
      if (stored < newest - steppedBack) {
        const all = takeOpen(() => true);
        newest = stored;
        closed = startOf(stored) - minuteMs;
        return all;
      }
      newest = Math.max(newest, stored);
      return takeOpen((minute) => minute + minuteMs + grace <= newest);
    },
    place(at, stored) {
      const latest = Math.max(newest, stored);
      const minute = startOf(Math.min(Math.max(at, latest - grace), latest));
      if (minute <= closed) return undefined;
      open.add(minute);
      return minute;
    },
    open: () => [...open].sort((a, b) => a - b),
  };
}
