/**
 * How many letters must be put in, taken out, changed or swapped with their neighbour to make one word of the other;
 * `limit + 1` as soon as it is more than `limit`. Only places that are no further apart than that are looked at, so the cost grows with the shorter word.
 */
export function editDistance(left: string, right: string, limit: number): number {
  const beyond = limit + 1;
  if (Math.abs(left.length - right.length) > limit) return beyond;
  // Place `at` of a row stands for the column row + at - limit.
  const width = 2 * limit + 1;
  const costs = (row: number, cost: (column: number, at: number) => number): number[] => {
    const made: number[] = [];
    for (let at = 0; at < width; at += 1) {
      const column = row + at - limit;
      made.push(column < 0 || column > right.length ? beyond : Math.min(beyond, cost(column, at)));
    }
    return made;
  };
  let beforeLast: number[] = [];
  let last = costs(0, (column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const letter = left[row - 1];
    let before = beyond;
    const current = costs(row, (column, at) => {
      let cost = row;
      if (column > 0) {
        const same = letter === right[column - 1];
        cost = Math.min((last[at + 1] ?? beyond) + 1, before + 1, (last[at] ?? beyond) + (same ? 0 : 1));
        const swapped = row > 1 && column > 1 && letter === right[column - 2] && left[row - 2] === right[column - 1];
        if (swapped) cost = Math.min(cost, (beforeLast[at] ?? beyond) + 1);
      }
      before = cost;
      return cost;
    });
    if (current.every((cost) => cost > limit)) return beyond;
    beforeLast = last;
    last = current;
  }
  return last[right.length - left.length + limit] ?? beyond;
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
