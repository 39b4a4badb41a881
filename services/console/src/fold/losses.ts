/** What became of the records of the incarnations of ingress instances. */
export interface Losses {
  /** A batch of records: `relayed` of them are finals that a relay told. `whole`: every record in it was looked at. */
  batch(batch: { ingress: string; epoch: string; first: number; count: number; dropped: number }, relayed: number, whole: boolean): void;
  /** An ingress said that it is there, since when (wall clock, ms), and how many records it dropped. */
  alive(ingress: string, epoch: string, started: number, dropped: number): void;
  /** An incarnation of a relay said how many finals it handed to an incarnation of an ingress. */
  told(relay: string, ingress: string, epoch: string, finals: number): void;
  /** Batches were left out, nobody knows whose. */
  leftOut(): void;
  /** What was dropped and lost since the last time. `caughtUp`: nothing that is stored waits to be looked at. */
  take(caughtUp: boolean): { dropped: number; lost: number };
}

interface Incarnation {
  readonly ingress: string;
  readonly epoch: string;
  /** Whether more than a relay spoke of it. */
  seen: boolean;
  heard: number;
  /** Whether its first record was seen, or it began when all was. */
  fromFirst: boolean;
  /** Whether some of its records were not looked at. */
  holed: boolean;
  relayed: number;
  dropped: number;
  /** Undefined: nothing is known yet. */
  droppedTold: number | undefined;
  lostTold: number;
  /** By relay: its finals. */
  readonly told: Map<string, number>;
}

/** Incarnations that are remembered, and relays of each. */
const most = 1000;

/**
 * Dropped is what an ingress says that it dropped. Lost is what relays say to have handed to an incarnation beyond what its records say came from
 * relays, once it is gone: when the same ingress began anew, or nothing was heard of it for `silent` ms. It is known only of incarnations whose
 * records were all seen here, from the first one on, and whose batches were all looked at. `began`: since when everything is seen, wall clock, ms.
 */
export function createLosses(silent: number, began: number, clock: () => number): Losses {
  const known = new Map<string, Incarnation>();
  const latest = new Map<string, string>();

  const of = (ingress: string, epoch: string): Incarnation => {
    const key = `${ingress} ${epoch}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const made: Incarnation = {
      ingress,
      epoch,
      seen: false,
      heard: clock(),
      fromFirst: false,
      holed: false,
      relayed: 0,
      dropped: 0,
      droppedTold: undefined,
      lostTold: 0,
      told: new Map(),
    };
    known.set(key, made);
    trim(known);
    return made;
  };
  const seen = (ingress: string, epoch: string, dropped: number, first: boolean): Incarnation => {
    const one = of(ingress, epoch);
    one.heard = clock();
    one.fromFirst ||= first;
    if (!one.seen) latest.set(ingress, epoch);
    one.seen = true;
    trim(latest);
    one.dropped = Math.max(one.dropped, dropped);
    // Of one that was there before, nobody knows what of it was told already.
    one.droppedTold ??= one.fromFirst ? 0 : dropped;
    return one;
  };
  const isGone = (one: Incarnation): boolean => {
    const last = latest.get(one.ingress);
    return (last !== undefined && last !== one.epoch) || clock() - one.heard >= silent;
  };

  return {
    batch({ ingress, epoch, first, dropped }, relayed, whole) {
      // Nothing of it was stored before this one.
      const one = seen(ingress, epoch, dropped, first === dropped + 1);
      one.relayed += relayed;
      one.holed ||= !whole;
    },
    alive(ingress, epoch, started, dropped) {
      seen(ingress, epoch, dropped, started >= began);
    },
    told(relay, ingress, epoch, finals) {
      const one = of(ingress, epoch);
      if (one.told.size < most || one.told.has(relay)) one.told.set(relay, Math.max(one.told.get(relay) ?? 0, finals));
    },
    leftOut() {
      for (const one of known.values()) one.holed = true;
    },
    take(caughtUp) {
      let dropped = 0;
      let lost = 0;
      for (const one of known.values()) {
        dropped += one.dropped - (one.droppedTold ?? one.dropped);
        if (one.droppedTold !== undefined) one.droppedTold = one.dropped;
        if (!caughtUp || !one.fromFirst || one.holed || !isGone(one)) continue;
        let told = 0;
        for (const finals of one.told.values()) told += finals;
        const now = Math.max(told - one.relayed, one.lostTold);
        lost += now - one.lostTold;
        one.lostTold = now;
      }
      return { dropped, lost };
    },
  };
}

function trim(map: Map<string, unknown>): void {
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
