/**
 * Which of `ids` owns `key`: the one with the highest hash of the pair, so that every process with the same ids names
 * the same owner, and a change of ids moves only the keys of the id that came or went. Undefined when there are none.
 * The order of `ids` does not matter.
 */
export function ownerOf(key: string, ids: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestWeight = -1;
  for (const id of ids) {
    const weight = weightOf(key, id);
    if (weight > bestWeight || (weight === bestWeight && best !== undefined && id < best)) {
      best = id;
      bestWeight = weight;
    }
  }
  return best;
}

/** FNV-1a over both, kept apart by a zero, then an avalanche: FNV alone barely mixes a difference in the last character. */
function weightOf(key: string, id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash, 0x01000193);
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
