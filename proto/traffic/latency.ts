/** The finest that is told apart, microseconds, as a power of two; and the end of what is told apart. */
const firstPower = 6;
const lastPower = 29;

/**
 * Upper bounds of the buckets into which times are counted, ms, ascending: 0.064, then four to every doubling, up to nine minutes. One bucket more
 * holds what is above. Fixed for ever: whoever adds counts of different consoles and days relies on it.
 */
export const latencyBounds: readonly number[] = [
  2 ** firstPower,
  ...Array.from(
    { length: (lastPower - firstPower) * 4 },
    (_, index) => 2 ** (firstPower + Math.floor(index / 4)) * (1.25 + (index % 4) / 4),
  ),
].map((microseconds) => microseconds / 1000);

/** How many buckets there are. */
export const latencyBuckets = latencyBounds.length + 1;

/** The bucket of a time in whole microseconds: the first whose upper bound it does not exceed. */
export function bucketOf(microseconds: number): number {
  if (microseconds <= 2 ** firstPower) return 0;
  if (microseconds > 2 ** lastPower) return latencyBuckets - 1;
  const below = microseconds - 1;
  const power = 31 - Math.clz32(below);
  return 1 + (power - firstPower) * 4 + ((below >>> (power - 2)) & 3);
}

/**
 * The time, ms, that a share `q` (0 to 1) of what is counted did not exceed, taken as spread evenly within a bucket; 0 of nothing. What is above the
 * last bound is taken as that bound.
 */
export function quantileOf(counts: ArrayLike<number>, q: number): number {
  let total = 0;
  for (let bucket = 0; bucket < latencyBuckets; bucket += 1) total += counts[bucket] ?? 0;
  if (total === 0) return 0;
  const rank = Math.min(Math.max(q, 0), 1) * total;
  let below = 0;
  for (let bucket = 0; bucket < latencyBounds.length; bucket += 1) {
    const here = counts[bucket] ?? 0;
    if (here > 0 && below + here >= rank) {
      const from = bucket === 0 ? 0 : (latencyBounds[bucket - 1] ?? 0);
      const to = latencyBounds[bucket] ?? 0;
      return from + ((to - from) * Math.max(rank - below, 0)) / here;
    }
    below += here;
  }
  return latencyBounds[latencyBounds.length - 1] ?? 0;
}
