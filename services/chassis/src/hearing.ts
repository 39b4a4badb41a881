/** More instances than this are not told apart: a bus full of made-up hellos must not fill the memory. */
export const mostInstances = 1000;

/** What stands for one incarnation of an instance in `Hello.hears`: FNV-1a over its names. */
export function hearingKey(service: string, id: string, epoch: string): number {
  let hash = 0x811c9dc5;
  const name = `${service} ${id} ${epoch}`;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Whether who says that it hears these may hear `key`: an empty list is of a version that does not tell, a full one has no room for all. */
export function mayHear(hears: readonly number[], key: number): boolean {
  return hears.length === 0 || hears.length >= mostInstances || hears.includes(key);
}

/**
 * Tells a death or two from deafness: whether with these `gone` at least half of the others, and more than one, fell silent within `windowMs`.
 * `left`: how many are still heard. Monotonic ms. True once in `restMs`: who makes up instances and lets them fall silent must not keep us busy.
 */
export function createSilence(windowMs: number, restMs: number): (now: number, gone: number, left: number) => boolean {
  let recent: { readonly at: number; readonly gone: number }[] = [];
  let restsUntil = Number.NEGATIVE_INFINITY;
  return (now, gone, left) => {
    if (gone === 0 || now < restsUntil) return false;
    recent = [...recent.filter(({ at }) => now - at <= windowMs), { at: now, gone }];
    const sum = recent.reduce((total, one) => total + one.gone, 0);
    if (sum < 2 || sum < left) return false;
    recent = [];
    restsUntil = now + restMs;
    return true;
  };
}
