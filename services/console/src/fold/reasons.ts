import type { ReasonCount } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';

/** Statuses are below this; what claims to be above is none. */
const statuses = 1024;
const longestCode = 64;

/** Numbers that stand for reasons: a code of the reason table and a status. */
export interface ReasonTable {
  /** Of the code `''` and no status it is 0, which also stands for all that is too many to be told apart. */
  numberOf(code: string, status: number): number;
  /** Counts by number as messages, most first. */
  list(counts: ReadonlyMap<number, number> | undefined): ReasonCount[];
}

/** What stands for reasons beyond those that are told apart. */
const other = 'other';

/** Tells at most `most` codes apart, for as long as it lives: the reason table is a closed list, and only a broken batch holds others. */
export function createReasonTable(most: number): ReasonTable {
  const codes = [other, ''];
  const known = new Map([['', 1]]);

  const numberOfCode = (code: string): number => {
    const found = known.get(code);
    if (found !== undefined) return found;
    if (codes.length >= most || code.length > longestCode) return 0;
    codes.push(code);
    known.set(code, codes.length - 1);
    return codes.length - 1;
  };

  return {
    numberOf(code, status) {
      const number = numberOfCode(code);
      return number === 0 ? 0 : number * statuses + (status < statuses ? status : 0);
    },
    list: (counts) =>
      [...(counts ?? [])]
        .sort(([, a], [, b]) => b - a)
        .map(([number, count]) => ({
          code: codes[Math.floor(number / statuses)] ?? other,
          status: number % statuses,
          count: BigInt(count),
        })),
  };
}
