import type { Readings } from './meters.js';

/** The label value under which members stand together that have no series of their own. No member can be called so. */
export const otherMembers = '_other';

/** What the members without a series of their own come to: all of them added up, the same of a counter, which never shrinks, or the least of them. */
export type Fold = 'sum' | 'total' | 'least';

/** Makes readings with a series a member, for a bounded number of members. */
export interface MemberSeries {
  /** `figure`: undefined for a member of which there is nothing to say. `also` stand on each of its series. */
  of<T extends { readonly id: string }>(members: () => Iterable<T>, figure: (member: T) => number | undefined, fold: Fold): Readings;
}

/** How many members of one service instance have series of their own, unless it says otherwise. */
export const mostMembers = 1_000;

/**
 * The first `most` members that are read keep series of their own; those beyond are one series, `_other`. A member that is not read any more
 * gives its place up only when somebody else needs it, so that figures do not change hands at every coming and going. Make one for each list of
 * members that is read.
 */
export function createMemberSeries(most: number = mostMembers): MemberSeries {
  const own = new Set<string>();

  /** Gives places to those who have none, first those left free by members that are gone. */
  const seat = (present: ReadonlySet<string>): void => {
    let gone: string[] | undefined;
    for (const id of present) {
      if (own.has(id)) continue;
      if (own.size >= most) {
        gone ??= [...own].filter((one) => !present.has(one));
        const free = gone.pop();
        if (free === undefined) return;
        own.delete(free);
      }
      own.add(id);
    }
  };

  return {
    of(members, figure, fold) {
      let last = 0;
      let gone = 0;
      /** Who is gone has sent what it sent: without that the sum of a counter would look like a restart. */
      const grown = (sum: number): number => {
        if (sum < last) gone += last - sum;
        last = sum;
        return sum + gone;
      };
      return () => {
        const all = [...members()];
        seat(new Set(all.map(({ id }) => id)));
        const readings: [{ member: string }, number][] = [];
        let others: number | undefined;
        for (const one of all) {
          const value = figure(one);
          if (value === undefined) continue;
          if (own.has(one.id)) readings.push([{ member: one.id }, value]);
          else others = others === undefined ? value : fold === 'least' ? Math.min(others, value) : others + value;
        }
        if (fold === 'total' && (others !== undefined || last + gone > 0)) others = grown(others ?? 0);
        if (others !== undefined) readings.push([{ member: otherMembers }, others]);
        return readings;
      };
    },
  };
}
