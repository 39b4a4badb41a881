/** Batches whose names are remembered: a stored copy comes minutes after the first at most. */
const most = 20_000;

/** Whether something was there before, among the last so many different ones; from then on it was. */
export function createSeen(): (name: string) => boolean {
  let young = new Set<string>();
  let old = new Set<string>();
  return (name) => {
    if (young.has(name) || old.has(name)) return true;
    young.add(name);
    if (young.size >= most / 2) {
      old = young;
      young = new Set();
    }
    return false;
  };
}
