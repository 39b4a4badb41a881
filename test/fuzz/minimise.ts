/** Times an input is tried at most before what is left is taken as it is. */
const mostTries = 5_000;

/**
 * The smallest input found for which `fails` still holds: ranges are left out, large ones first, then bytes made plain. Deterministic.
 * `input` itself must fail.
 */
export function minimise(input: Buffer, fails: (candidate: Buffer) => boolean): Buffer {
  let best = input;
  let tries = 0;
  const better = (candidate: Buffer): boolean => {
    tries += 1;
    if (tries > mostTries || !fails(candidate)) return false;
    best = candidate;
    return true;
  };

  for (let shrunk = true; shrunk && tries < mostTries; ) {
    shrunk = false;
    for (let size = Math.max(1, best.length >> 1); size >= 1 && tries < mostTries; size = size === 1 ? 0 : size >> 1) {
      for (let at = 0; at < best.length && tries < mostTries; ) {
        if (better(Buffer.concat([best.subarray(0, at), best.subarray(at + size)]))) shrunk = true;
        else at += size;
      }
    }
  }
  for (let at = 0; at < best.length && tries < mostTries; at += 1) {
    if (best[at] === 0x61) continue;
    const plain = Buffer.from(best);
    plain[at] = 0x61;
    better(plain);
  }
  return best;
}
