/**
 * The level up to which everybody gets what they ask for, so that all together get `total` (max-min fairness): who asks for less than the level
 * loses nothing, and what they leave is shared by the others alike. Infinity where all of it fits. Pure; a few passes over the askers,
 * each of which settles at least one.
 */
export function fairLevel(asked: readonly number[], total: number): number {
  let level = total / Math.max(1, asked.length);
  for (;;) {
    let left = total;
    let above = 0;
    for (const one of asked) {
      if (one <= level) left -= one;
      else above += 1;
    }
    if (above === 0) return Number.POSITIVE_INFINITY;
    const next = left / above;
    if (next <= level) return level;
    level = next;
  }
}

/**
 * The same where nobody is to have without bound: where all of it fits, each may ask for as much as the greatest and all that is left over, so that all
 * who go on as they did still get `total` together and nearly no more.
 */
export function roomLevel(asked: readonly number[], total: number): number {
  const level = fairLevel(asked, total);
  if (level !== Number.POSITIVE_INFINITY) return level;
  let left = total;
  let most = 0;
  for (const one of asked) {
    left -= one;
    if (one > most) most = one;
  }
  return most + left;
}

/**
 * The part of its requests that a peer should hold back so that it asks for `level`, from 0 to 1 (RFC 7339 loss control). `passing` is the part it was told
 * to send until now, since what it `asked` for is what was left of what it would have sent. One step moves by a factor of two at
 * most: the peer hears of it late.
 */
export function passingPart(passing: number, asked: number, level: number): number {
  const step = asked <= 0 ? 2 : Math.max(0.5, Math.min(2, level / asked));
  return Math.max(leastPassing, Math.min(1, passing * step));
}

/** Nobody is told to send nothing at all: who sends nothing never learns that it may again. */
const leastPassing = 0.05;
