import { type Arrival, createHandshakes, type HandshakeCounts, type HandshakeLimits, type HandshakeTimes } from './handshakes.js';

/** How many connections may be open, in all and of one address, and how many on their way in. */
export interface ArrivalLimits extends HandshakeLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Why a socket is not even let into the line. */
export type TurnedBack = 'too-many-connections' | 'too-many-handshakes';

/** Sockets from their accept to their end, over all listeners: which may wait for their handshake, and when it begins. */
export interface Arrivals {
  /** A socket was accepted. '' lets it in; then `gone` must be called once. */
  arrive(arrival: Arrival): TurnedBack | '';
  /** Its first words are whole. */
  asked(arrival: Arrival): void;
  /** Its handshake is over, well or not. */
  over(arrival: Arrival): void;
  /** Its socket is closed. */
  gone(arrival: Arrival): void;
  inFlight(): number;
  waiting(): number;
  readonly counts: Readonly<HandshakeCounts>;
  /** Begins nothing more. */
  close(): void;
}

/** How often the line is looked at while somebody stands in it, ms, ... */
const pace = 5;
/** ... and how soon after something changed: when what this turn had to say on live connections is written. */
const soon = 1;

/** `clock` is monotonic ms, `lag` by how many ms the event loop is late. */
export function createArrivals(limits: ArrivalLimits, times: HandshakeTimes, { clock, lag }: { clock(): number; lag(): number }): Arrivals {
  const handshakes = createHandshakes(limits, times);
  const addresses = new Map<string, number>();
  let sockets = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** Never at once: many things change in one turn, and what they let begin or end takes the loop's time. */
  const look = (within = soon): void => {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      handshakes.advance(clock(), lag());
      if (handshakes.waiting() > 0) look(pace);
    }, within);
  };

  return {
    inFlight: handshakes.inFlight,
    waiting: handshakes.waiting,
    counts: handshakes.counts,
    arrive(arrival) {
      const here = addresses.get(arrival.address) ?? 0;
      if (sockets - handshakes.waiting() >= limits.connections || here >= limits.connectionsPerAddress) return 'too-many-connections';
      if (!handshakes.arrive(arrival, clock())) return 'too-many-handshakes';
      sockets += 1;
      // Who gave way to this one may have been of the same address.
      addresses.set(arrival.address, (addresses.get(arrival.address) ?? 0) + 1);
      look();
      return '';
    },
    asked(arrival) {
      handshakes.asked(arrival, clock());
      look();
    },
    over(arrival) {
      handshakes.over(arrival);
      look();
    },
    gone(arrival) {
      handshakes.over(arrival);
      sockets -= 1;
      const here = (addresses.get(arrival.address) ?? 1) - 1;
      if (here > 0) addresses.set(arrival.address, here);
      else addresses.delete(arrival.address);
      look();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
