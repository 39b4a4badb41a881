/** How many TLS handshakes may be on, may begin a second, and may wait for their turn: of all, and of one address. */
export interface HandshakeLimits {
  readonly handshakesInFlight: number;
  readonly handshakesInFlightPerAddress: number;
  readonly handshakesPerSecond: number;
  readonly handshakesPerSecondPerAddress: number;
  readonly handshakesWaiting: number;
  readonly handshakesWaitingPerAddress: number;
}

/** How long, ms: until the first words of a connection are whole, and until its turn comes. */
export interface HandshakeTimes {
  readonly hello: number;
  readonly turn: number;
}

/** Why one lost its place: it said nothing in time, its turn did not come in time, or others needed its place more. */
export type HandshakeLoss = 'silent' | 'no-turn' | 'gave-way';

/** A connection that wants to be secured; known by identity. */
export interface Arrival {
  /** Whose bounds it falls under. */
  readonly address: string;
  /** Its turn has come: TLS begins. */
  begin(): void;
  /** Its place is lost, and the table has forgotten it. */
  drop(why: HandshakeLoss): void;
}

/** What has become of arrivals since the start. */
export interface HandshakeCounts {
  begun: number;
  /** Not let into the line at all. */
  refused: number;
  silent: number;
  noTurn: number;
  gaveWay: number;
}

/**
 * Connections on their way in: nobody knows yet who they are, so they stand in line as plain sockets until their handshake may cost
 * something, and addresses take turns. Every `now` is monotonic ms.
 */
export interface Handshakes {
  /** One more joins the line; false: there is no place, and nobody who must give way. It says nothing yet. */
  arrive(arrival: Arrival, now: number): boolean;
  /** Its first words are whole: from now on it waits for its turn. */
  asked(arrival: Arrival, now: number): void;
  /** It is over, well or not, or has left the line. One that is not known (any more) is no matter. */
  over(arrival: Arrival): void;
  /** Begins those whose turn it is, drops those whose time is over. `lag`: by how many ms the event loop is late. */
  advance(now: number, lag: number): void;
  inFlight(): number;
  waiting(): number;
  readonly counts: Readonly<HandshakeCounts>;
}

/** A handshake that takes longer gives way, oldest first, while all places are taken and others wait, ms. */
const pressed = 2_000;
/** What a rate allows and a late timer left unused is made up for later, as far as it is no older than this, seconds. */
const behind = 0.1;
/** How much faster than their rate handshakes follow each other while that is made up for, ... */
const hurry = 3;
/** ... and for how many seconds of that rate they may begin in one turn: one for all but rates that no process can keep. */
const atOnce = 0.005;
/** Places lost in one turn at most: a thousand that say nothing end together, and each end costs some of the loop's time. */
const lostAtOnce = 16;
/** The loop may be late by so many ms before handshakes slow down; they never stop. */
const calm = 15;
const slowest = 0.1;

/** Which part of the full rate of handshakes is begun while the loop is late by `lag` ms: live traffic goes first. */
export function paceAt(lag: number): number {
  return lag <= calm ? 1 : Math.max(slowest, calm / lag);
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

interface Street extends Bucket {
  readonly address: string;
  readonly silent: Set<Place>;
  readonly asking: Set<Place>;
  shaking: number;
}

interface Place {
  readonly arrival: Arrival;
  readonly street: Street;
  state: 'silent' | 'asking' | 'shaking';
  since: number;
}

/** An empty table. */
export function createHandshakes(limits: HandshakeLimits, times: HandshakeTimes): Handshakes {
  const counts: HandshakeCounts = { begun: 0, refused: 0, silent: 0, noTurn: 0, gaveWay: 0 };
  const places = new Map<Arrival, Place>();
  const streets = new Map<string, Street>();
  /** All places by state, in the order in which they came into it. */
  const inState = { silent: new Set<Place>(), asking: new Set<Place>(), shaking: new Set<Place>() };
  /** Streets with somebody whose turn may come, in the order of their turns. */
  const turns = new Set<Street>();
  /** Streets where nobody is any more, remembered until their rate is whole again. */
  const empty = new Set<Street>();
  const crowds = createCrowds();
  const all: Bucket = { tokens: burst(limits.handshakesPerSecond), filledAt: 0 };
  /** Spreads what `all` allows: each costs live traffic some ms, and several in a row would be felt. */
  const most = Math.max(1, limits.handshakesPerSecond * hurry * atOnce);
  const spread: Bucket = { tokens: most, filledAt: 0 };

  /** After so many ms an address is like one that never came. */
  const refilled = (burst(limits.handshakesPerSecondPerAddress) * 1_000) / limits.handshakesPerSecondPerAddress;

  const waitingOf = (street: Street): number => street.silent.size + street.asking.size;
  const waiting = (): number => inState.silent.size + inState.asking.size;

  const enter = (place: Place, state: Place['state'], now: number): void => {
    const { street } = place;
    place.state = state;
    place.since = now;
    inState[state].add(place);
    if (state === 'shaking') street.shaking += 1;
    else street[state].add(place);
    if (state === 'asking') turns.add(street);
    empty.delete(street);
    crowds.put(street, waitingOf(street));
  };

  const leave = (place: Place): void => {
    const { street, state } = place;
    inState[state].delete(place);
    if (state === 'shaking') street.shaking -= 1;
    else street[state].delete(place);
    if (street.asking.size === 0) turns.delete(street);
    if (street.shaking + waitingOf(street) === 0) empty.add(street);
    crowds.put(street, waitingOf(street));
  };

  const forget = (place: Place): void => {
    leave(place);
    places.delete(place.arrival);
  };

  const drop = (place: Place, why: HandshakeLoss): void => {
    forget(place);
    counts[lossCount[why]] += 1;
    place.arrival.drop(why);
  };

  /** Who gives way to a newcomer of `street`: who says nothing before who has asked, and of the address with the most. */
  const victim = (street: Street): Place | undefined => {
    if (waitingOf(street) >= limits.handshakesWaitingPerAddress) return first(street.silent);
    const greedy = crowds.largest();
    if (greedy !== undefined && waitingOf(greedy) > waitingOf(street) + 1) return first(greedy.silent) ?? first(greedy.asking);
    return first(inState.silent);
  };

  const streetOf = (address: string, now: number): Street => {
    let street = streets.get(address);
    if (street === undefined) {
      const tokens = burst(limits.handshakesPerSecondPerAddress);
      street = { address, silent: new Set(), asking: new Set(), shaking: 0, tokens, filledAt: now };
      streets.set(address, street);
    }
    return street;
  };

  const expire = (now: number): void => {
    let left = lostAtOnce;
    const lose = (state: Place['state'], after: number, why: HandshakeLoss): void => {
      for (const place of inState[state]) {
        if (left === 0 || now - place.since < after) return;
        left -= 1;
        drop(place, why);
      }
    };
    lose('silent', times.hello, 'silent');
    lose('asking', times.turn, 'no-turn');
    let wanted = inState.shaking.size >= limits.handshakesInFlight ? inState.asking.size : 0;
    for (const place of inState.shaking) {
      if (wanted === 0 || now - place.since < pressed) break;
      wanted -= 1;
      drop(place, 'gave-way');
    }
    for (const street of empty) {
      if (now - street.filledAt < refilled) break;
      empty.delete(street);
      streets.delete(street.address);
    }
  };

  const mayBegin = (street: Street, now: number): boolean => {
    if (street.shaking >= limits.handshakesInFlightPerAddress) return false;
    fill(street, limits.handshakesPerSecondPerAddress, burst(limits.handshakesPerSecondPerAddress), now);
    return street.tokens >= 1;
  };

  return {
    counts,
    waiting,
    inFlight: () => inState.shaking.size,
    arrive(arrival, now) {
      const street = streetOf(arrival.address, now);
      if (waiting() >= limits.handshakesWaiting || waitingOf(street) >= limits.handshakesWaitingPerAddress) {
        const out = victim(street);
        if (out === undefined) {
          counts.refused += 1;
          return false;
        }
        drop(out, 'gave-way');
      }
      const place: Place = { arrival, street, state: 'silent', since: now };
      places.set(arrival, place);
      enter(place, 'silent', now);
      return true;
    },
    asked(arrival, now) {
      const place = places.get(arrival);
      if (place?.state !== 'silent') return;
      leave(place);
      enter(place, 'asking', now);
    },
    over(arrival) {
      const place = places.get(arrival);
      if (place !== undefined) forget(place);
    },
    advance(now, lag) {
      expire(now);
      const rate = limits.handshakesPerSecond * paceAt(lag);
      fill(all, rate, burst(limits.handshakesPerSecond), now);
      fill(spread, rate * hurry, most, now);
      let passedOver = 0;
      for (const street of turns) {
        if (Math.min(all.tokens, spread.tokens) < 1 || inState.shaking.size >= limits.handshakesInFlight || passedOver >= turns.size)
          return;
        // To the end of the line: a Set is walked in order of insertion, what is added on the way included.
        turns.delete(street);
        turns.add(street);
        const place = first(street.asking);
        if (place === undefined || !mayBegin(street, now)) {
          passedOver += 1;
          continue;
        }
        passedOver = 0;
        all.tokens -= 1;
        spread.tokens -= 1;
        street.tokens -= 1;
        counts.begun += 1;
        leave(place);
        enter(place, 'shaking', now);
        place.arrival.begin();
      }
    },
  };
}

const lossCount = { silent: 'silent', 'no-turn': 'noTurn', 'gave-way': 'gaveWay' } as const satisfies Record<
  HandshakeLoss,
  keyof HandshakeCounts
>;

function burst(perSecond: number): number {
  return Math.max(1, perSecond * behind);
}

function fill(bucket: Bucket, perSecond: number, most: number, now: number): void {
  bucket.tokens = Math.min(most, bucket.tokens + (Math.max(0, now - bucket.filledAt) * perSecond) / 1_000);
  bucket.filledAt = now;
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const one of set) return one;
  return undefined;
}

/** Who has how many, so that whoever has the most is found without looking at everybody: an attacker decides how many there are. */
function createCrowds() {
  const sizeOf = new Map<Street, number>();
  const bySize = new Map<number, Set<Street>>();
  let most = 0;
  return {
    put(street: Street, size: number): void {
      const before = sizeOf.get(street) ?? 0;
      const old = bySize.get(before);
      if (old?.delete(street) === true && old.size === 0) bySize.delete(before);
      if (size === 0) sizeOf.delete(street);
      else {
        sizeOf.set(street, size);
        const now = bySize.get(size);
        if (now === undefined) bySize.set(size, new Set([street]));
        else now.add(street);
      }
      most = Math.max(most, size);
      while (most > 0 && !bySize.has(most)) most -= 1;
    },
    largest: (): Street | undefined => first(bySize.get(most) ?? new Set<Street>()),
  };
}
