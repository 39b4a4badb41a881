/**
 * A gate for log lines about things that may happen thousands of times a second. Called with each occurrence it answers
 * how many there were since the last time it let one through (1 or more), or 0 for "stay silent".
 */
export function oncePer(ms: number, clock: () => number): () => number {
  let openAt = Number.NEGATIVE_INFINITY;
  let held = 0;
  return () => {
    held += 1;
    const now = clock();
    if (now < openAt) return 0;
    openAt = now + ms;
    const count = held;
    held = 0;
    return count;
  };
}
