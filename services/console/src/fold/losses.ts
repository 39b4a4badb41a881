/** What became of the records of the incarnations of ingress instances. */
export interface Losses {
  /** A batch of records: how many of them are finals that a relay told, by relay. `whole`: every record in it was looked at. */
  batch(
    batch: { ingress: string; epoch: string; first: number; count: number; dropped: number; at: number },
    relayed: ReadonlyMap<string, number>,
    whole: boolean,
  ): void;
  /** An ingress said that it is there, since when (wall clock, ms), and how many records it dropped. */
  alive(ingress: string, epoch: string, started: number, dropped: number): void;
  /** An incarnation of a relay said how many finals it handed to an incarnation of an ingress. */
  told(relay: { id: string; epoch: string; at: number }, ingress: string, epoch: string, finals: number): void;
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
  dropped: number;
  /** Undefined: nothing is known yet. */
  droppedTold: number | undefined;
  lostTold: number;
  readonly relays: Map<string, Relay>;
}

/** What one relay handed to an incarnation of an ingress, and what of that has a record. */
interface Relay {
  epoch: string;
  /** Its finals, as its incarnation says that spoke last. */
  told: number;
  /** Those of its incarnations before: at least. */
  earlier: number;
  readonly over: Set<string>;
  seen: number;
  /** When the last batch with a final of it was made, and when it told, ms since 1970. */
  seenAt: number;
  toldAt: number;
}

/** Incarnations that are remembered, and relays of each. */
const most = 1000;
/** Clocks of the hub's machines differ by less, ms. */
const clocksDiffer = 50;

/**
 * Dropped is what an ingress says that it dropped. Lost is what relays say to have handed to an incarnation beyond what its records say came from
 * relays, once it is gone: when the same ingress began anew, or nothing was heard of it for `silent` ms. It is known only of incarnations whose
 * records were all seen here, from the first one on, and whose batches were all looked at; what a relay handed over in its last second before it
 * died itself is known from the records of a quiet moment after, or not at all. `began`: since when everything is seen, wall clock, ms.
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
      dropped: 0,
      droppedTold: undefined,
      lostTold: 0,
      relays: new Map(),
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
  const relayOf = (one: Incarnation, id: string): Relay => {
    const found = one.relays.get(id);
    if (found !== undefined) return found;
    const made: Relay = { epoch: '', told: 0, earlier: 0, over: new Set(), seen: 0, seenAt: 0, toldAt: 0 };
    one.relays.set(id, made);
    trim(one.relays);
    return made;
  };
  const isGone = (one: Incarnation): boolean => {
    const last = latest.get(one.ingress);
    return (last !== undefined && last !== one.epoch) || clock() - one.heard >= silent;
  };

  return {
    batch({ ingress, epoch, first, dropped, at }, relayed, whole) {
      // Nothing of it was stored before this one.
      const one = seen(ingress, epoch, dropped, first === dropped + 1);
      for (const [id, count] of relayed) {
        const relay = relayOf(one, id);
        relay.seen += count;
        relay.seenAt = Math.max(relay.seenAt, at);
        noteEarlier(relay);
      }
      one.holed ||= !whole;
    },
    alive(ingress, epoch, started, dropped) {
      seen(ingress, epoch, dropped, started >= began);
    },
    told({ id, epoch: relayEpoch, at }, ingress, epoch, finals) {
      const relay = relayOf(of(ingress, epoch), id);
      if (relay.over.has(relayEpoch)) return;
      if (relay.epoch !== relayEpoch) {
        if (relay.epoch !== '') relay.over.add(relay.epoch);
        relay.earlier += relay.told;
        relay.told = 0;
        relay.epoch = relayEpoch;
      }
      relay.told = Math.max(relay.told, finals);
      relay.toldAt = at;
      noteEarlier(relay);
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
        let missing = 0;
        for (const { told, earlier, seen: recorded } of one.relays.values()) missing += Math.max(told + earlier - recorded, 0);
        lost += Math.max(missing - one.lostTold, 0);
        one.lostTold = Math.max(missing, one.lostTold);
      }
      return { dropped, lost };
    },
  };
}

/**
 * A relay that died did not say what it handed over last. But what has a record was handed over by it, or by the one of its name that speaks now,
 * and that one tells all that was recorded before it spoke.
 */
function noteEarlier(relay: Relay): void {
  if (relay.over.size === 0 || relay.seenAt + clocksDiffer > relay.toldAt) return;
  relay.earlier = Math.max(relay.earlier, relay.seen - relay.told);
}

function trim(map: Map<string, unknown>): void {
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
