/**
 * A gate for log lines about things that may happen thousands of times a second. Called with each occurrence it answers
 * how many there were since the last time it let one through (1 or more), or 0 for "stay silent". It lets `most` through in
 * each such time.
 */
export function oncePer(ms: number, clock: () => number, most = 1): () => number {
  let openAt = Number.NEGATIVE_INFINITY;
  let room = 0;
  let held = 0;
  return () => {
    held += 1;
    const now = clock();
    if (now >= openAt) {
      openAt = now + ms;
      room = most;
    }
    if (room === 0) return 0;
    room -= 1;
    const count = held;
    held = 0;
    return count;
  };
}
