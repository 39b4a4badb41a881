import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';

/** The last seconds, each as a point of history. */
export interface Seconds {
  add(point: TrafficPoint): void;
  /** Those that begin within a time, oldest first. Read one by one as they are taken. */
  between(from: number, until: number): Iterable<TrafficPoint>;
  /** The beginning of the oldest, ms since 1970; undefined: there is none. */
  oldest(): number | undefined;
}

/** Keeps points as bytes, at most so many and so old: the oldest go. */
export function createSeconds(most: { readonly bytes: number; readonly ms: number }): Seconds {
  const kept: { from: number; bytes: Uint8Array }[] = [];
  let total = 0;

  return {
    add(point) {
      const newest = Number(point.from);
      const bytes = TrafficPoint.encode(point).finish();
      kept.push({ from: newest, bytes });
      total += bytes.length;
      for (let one = kept[0]; one !== undefined && (total > most.bytes || one.from < newest - most.ms); one = kept[0]) {
        total -= one.bytes.length;
        kept.shift();
      }
    },
    *between(from, until) {
      for (const one of [...kept]) if (one.from >= from && one.from < until) yield TrafficPoint.decode(one.bytes);
    },
    oldest: () => kept[0]?.from,
  };
}
