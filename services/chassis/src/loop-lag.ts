/** How late the event loop runs, as far as it lasts. */
export interface LoopLag {
  /** The timer fired: `now` is monotonic ms. */
  tick(now: number): void;
  /** Whole ms by which what is due has been begun late throughout the last readings; one long turn alone does not show. Costs a field. */
  ms(): number;
}

/** How often the loop is asked, ms. */
export const lagInterval = 20;

/** So many readings in a row must be late: a pause for the garbage collector is but one. */
const readings = 3;

/**
 * Reads the lateness of a timer that should fire every `interval` ms. Reports the least of the last three readings: a standing
 * delay shows after three turns of the loop, be they 20 ms long or 200, and is gone after the first that is in time.
 */
export function createLoopLag(began: number, interval: number = lagInterval): LoopLag {
  const late: number[] = new Array(readings).fill(0);
  let at = 0;
  let last = began;
  let standing = 0;
  return {
    tick(now) {
      late[at] = Math.max(0, now - last - interval);
      at = (at + 1) % readings;
      last = now;
      standing = Math.trunc(Math.min(...late));
    },
    ms: () => standing,
  };
}

/** Keeps time for a LoopLag with a timer that keeps no process alive. Returns how to stop. */
export function followLoopLag(lag: LoopLag, clock: () => number): () => void {
  const timer = setInterval(() => lag.tick(clock()), lagInterval);
  timer.unref();
  return () => clearInterval(timer);
}
