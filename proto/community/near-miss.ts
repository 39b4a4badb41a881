/**
 * How many letters must be put in, taken out, changed or swapped with their neighbour to make one word of the other;
 * `limit + 1` as soon as it is more than `limit`.
 */
export function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    let best = row;
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
      best = Math.min(best, cost);
    }
    if (best > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? limit + 1;
}

/** The candidate that was probably meant: at most two slips away, and one in words of up to four letters. Letter case is no slip. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const given = word.toLowerCase();
  let limit = given.length <= 4 ? 1 : 2;
  let found: string | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(given, candidate.toLowerCase(), limit);
    if (distance > limit || candidate === word) continue;
    found = candidate;
    if (distance === 0) return found;
    limit = distance - 1;
  }
  return found;
}

/** " (did you mean x?)" or nothing: what is put behind a sentence about an unknown word. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}

/** How many words are told what was probably meant: nobody reads that many problems, and each costs a look at every candidate. */
const mostHinted = 200;

/** `didYouMean` for one word after another among the same candidates; from some number of words on nothing is said any more. */
export function hintsAmong(candidates: () => Iterable<string>): (word: string) => string {
  let hinted = 0;
  return (word) => {
    hinted += 1;
    return hinted > mostHinted ? '' : didYouMean(word, candidates());
  };
}
