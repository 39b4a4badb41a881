import { type Caller, whoIs } from './caller.js';

/** Room for what goes on for long. */
export interface StreamPlaces {
  /** Takes a place: what gives it back, once. Undefined: there is none left for this caller. */
  enter(caller: Caller): (() => void) | undefined;
  /** How many are taken. */
  taken(): number;
}

/** The part of all places that one member may have, whatever its credentials. */
const partOfMember = 1 / 4;

/** `most` in all, and `perCaller` for the same credentials. */
export function createStreamPlaces(most: number, perCaller = most): StreamPlaces {
  const inside = new Map<string, number>();
  let all = 0;
  return {
    taken: () => all,
    enter(caller) {
      const bounds: [key: string, bound: number][] = [[whoIs(caller), perCaller]];
      if (caller.member !== '') bounds.push([`member ${caller.member}`, Math.max(1, most * partOfMember)]);
      if (all >= most || bounds.some(([key, bound]) => (inside.get(key) ?? 0) >= bound)) return undefined;
      all += 1;
      for (const [key] of bounds) inside.set(key, (inside.get(key) ?? 0) + 1);
      let gone = false;
      return () => {
        if (gone) return;
        gone = true;
        all -= 1;
        for (const [key] of bounds) {
          const left = (inside.get(key) ?? 1) - 1;
          if (left > 0) inside.set(key, left);
          else inside.delete(key);
        }
      };
    },
  };
}
