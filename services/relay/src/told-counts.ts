import type { Told } from '@guildhall/proto/gen/guildhall/bus/v1/report';

/** How many transactions' ends one incarnation of an ingress was told. */
export interface ToldCount {
  readonly ingress: string;
  readonly epoch: string;
  finals: number;
}

/** The counts of all incarnations, those that are gone included: what of them is in no record was lost with the ingress. */
export interface ToldCounts {
  /** The one of this incarnation, made at the first call. */
  of(ingress: string, epoch: string): ToldCount;
  list(): Told[];
}

/** Remembers `most` incarnations; those that came first are forgotten first. */
export function createToldCounts(most: number): ToldCounts {
  const counts = new Map<string, ToldCount>();
  return {
    of(ingress, epoch) {
      const key = `${ingress} ${epoch}`;
      const known = counts.get(key);
      if (known !== undefined) return known;
      const made = { ingress, epoch, finals: 0 };
      counts.set(key, made);
      for (const oldest of counts.keys()) {
        if (counts.size <= most) break;
        counts.delete(oldest);
      }
      return made;
    },
    list: () => [...counts.values()].map(({ ingress, epoch, finals }) => ({ ingress, epoch, finals: BigInt(finals) })),
  };
}
