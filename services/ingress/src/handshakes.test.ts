import { describe, expect, it } from 'vitest';
import { type Arrival, createHandshakes, type HandshakeLimits, type Handshakes, paceAt } from './handshakes.js';

const wide: HandshakeLimits = {
  handshakesInFlight: 1_000,
  handshakesInFlightPerAddress: 1_000,
  handshakesPerSecond: 100_000,
  handshakesPerSecondPerAddress: 100_000,
  handshakesWaiting: 1_000,
  handshakesWaitingPerAddress: 1_000,
};
const times = { hello: 10_000, turn: 20_000 };

/** A table, and the names of those whose turn came and who were dropped, in order. */
function scene(limits: Partial<HandshakeLimits>) {
  const table = createHandshakes({ ...wide, ...limits }, times);
  const begun: string[] = [];
  const dropped: string[] = [];
  const one = (address: string, name: string): Arrival => ({
    address,
    begin: () => begun.push(name),
    drop: (why) => dropped.push(`${name} ${why}`),
  });
  /** `count` of an address that ask at once; says how many are let in. */
  const crowd = (address: string, count: number, now = 0, asks = true) => {
    const arrivals = Array.from({ length: count }, (_, index) => one(address, `${address}${index + 1}`));
    return arrivals.filter((arrival) => {
      const inside = table.arrive(arrival, now);
      if (inside && asks) table.asked(arrival, now);
      return inside;
    });
  };
  /** What was asked for is looked at, and these are over. */
  const through = (arrivals: readonly Arrival[], now: number): void => {
    table.advance(now, 0);
    for (const arrival of arrivals) table.over(arrival);
  };
  return { table, begun, dropped, crowd, through };
}

/** Lets time pass in steps of 10 ms; handshakes stay on. */
function pass(table: Handshakes, from: number, until: number, lag = 0): void {
  for (let now = from; now <= until; now += 10) table.advance(now, lag);
}

describe('whose turn it is', () => {
  it('nobody’s who has not asked', () => {
    const { table, begun, crowd } = scene({});
    crowd('a', 3, 0, false);
    pass(table, 0, 1_000);
    expect([begun, table.waiting()]).toEqual([[], 3]);
  });

  it('of all addresses in turn, whoever came first and however many they are', () => {
    const { table, begun, crowd } = scene({ handshakesPerSecond: 60 });
    crowd('a', 50);
    crowd('b', 2);
    crowd('c', 1);
    pass(table, 0, 50);
    expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('so many a second, of all and of one address, and no more after a quiet hour', () => {
    const { table, begun, crowd } = scene({ handshakesPerSecond: 50, handshakesPerSecondPerAddress: 20 });
    crowd('a', 100, 3_600_000);
    crowd('b', 100, 3_600_000);
    crowd('c', 100, 3_600_000);
    pass(table, 3_600_000, 3_601_000);
    expect(begun.length).toBe(55);
    const { table: alone, begun: itsOwn, crowd: join } = scene({ handshakesPerSecond: 50, handshakesPerSecondPerAddress: 20 });
    join('a', 100);
    pass(alone, 0, 1_000);
    expect(itsOwn.length).toBe(22);
  });

  it('one after the other, however late the timer is; what is missed is made up for', () => {
    const { table, begun, crowd } = scene({ handshakesPerSecond: 70 });
    crowd('a', 500);
    const sizes = new Set<number>();
    for (let now = 0, at = 0; now <= 5_000; at += 1, now += [3, 25, 6, 6, 5][at % 5] ?? 0) {
      const before = begun.length;
      table.advance(now, 0);
      table.advance(now, 0);
      sizes.add(begun.length - before);
    }
    expect([...sizes].toSorted()).toEqual([0, 1]);
    expect(begun.length).toBeGreaterThanOrEqual(5 * 70 - 2);
    expect(begun.length).toBeLessThanOrEqual(5 * 70 + 7);
  });

  it('not more than before after the process stood still', () => {
    const { table, begun, crowd } = scene({ handshakesPerSecond: 70 });
    crowd('a', 500);
    pass(table, 0, 1_000);
    const before = begun.length;
    pass(table, 31_000, 32_000);
    expect(begun.length - before).toBeLessThanOrEqual(70 + 7);
  });

  it('so many at a time: the next begins when one is over', () => {
    const { table, begun, crowd } = scene({ handshakesInFlight: 3, handshakesInFlightPerAddress: 2 });
    const [first] = crowd('a', 4);
    const [other] = crowd('b', 3);
    pass(table, 0, 100);
    expect(begun).toEqual(['a1', 'b1', 'a2']);
    if (other !== undefined) table.over(other);
    pass(table, 110, 200);
    expect(begun).toEqual(['a1', 'b1', 'a2', 'b2']);
    if (first !== undefined) for (const _ of [1, 2]) table.over(first);
    expect(table.inFlight()).toBe(2);
  });

  it('later while the loop is late, but never of nobody', () => {
    const begunAt = (lag: number): number => {
      const { table, begun, crowd } = scene({ handshakesPerSecond: 100 });
      crowd('a', 500);
      pass(table, 0, 2_000, lag);
      return begun.length;
    };
    expect(begunAt(0)).toBe(201);
    expect(begunAt(60)).toBe(60);
    expect(begunAt(5_000)).toBeGreaterThan(25);
    expect([paceAt(0), paceAt(15), paceAt(30), paceAt(1e9)]).toEqual([1, 1, 0.5, 0.1]);
  });

  it('never of one that has left', () => {
    const { table, begun, crowd } = scene({});
    for (const arrival of crowd('a', 3)) table.over(arrival);
    pass(table, 0, 100);
    expect([begun, table.waiting(), table.inFlight()]).toEqual([[], 0, 0]);
  });
});

describe('who does not get in, and who loses the place', () => {
  it('more of one address than may wait; others still get in', () => {
    const { table, dropped, crowd } = scene({ handshakesWaitingPerAddress: 3, handshakesInFlight: 1 });
    expect(crowd('a', 10).length).toBe(3);
    expect(crowd('b', 2).length).toBe(2);
    expect([dropped, table.counts.refused, table.waiting()]).toEqual([[], 7, 5]);
  });

  it('the oldest of the same address that says nothing gives way before it is refused', () => {
    const { dropped, crowd } = scene({ handshakesWaitingPerAddress: 2 });
    crowd('a', 2, 0, false);
    expect(crowd('a', 1).length).toBe(1);
    expect(dropped).toEqual(['a1 gave-way']);
  });

  it('in a full line the address with the most gives way, who says nothing first', () => {
    const { table, dropped, crowd } = scene({ handshakesWaiting: 6 });
    crowd('b', 1);
    crowd('a', 3);
    crowd('a', 2, 0, false);
    expect(crowd('c', 4).length).toBe(2);
    expect(dropped).toEqual(['a1 gave-way', 'a2 gave-way']);
    expect(table.waiting()).toBe(6);
  });

  it('a full line of a thousand addresses stays within its bounds, and lets those in who speak', () => {
    const { table, dropped, crowd } = scene({ handshakesWaiting: 1_000 });
    for (let i = 0; i < 1_500; i += 1) crowd(`quiet${i}`, 1, 0, false);
    expect([table.waiting(), dropped.length]).toEqual([1_000, 500]);
    for (let i = 0; i < 1_500; i += 1) crowd(`loud${i}`, 1);
    expect([table.waiting(), table.counts.refused]).toEqual([1_000, 500]);
  });

  it('who says nothing, and whose turn does not come', () => {
    const { table, dropped, crowd } = scene({ handshakesInFlightPerAddress: 1 });
    crowd('a', 2);
    crowd('b', 1, 0, false);
    table.advance(0, 0);
    table.advance(times.hello - 1, 0);
    expect(dropped).toEqual([]);
    table.advance(times.hello, 0);
    table.advance(times.turn - 1, 0);
    expect(dropped).toEqual(['b1 silent']);
    table.advance(times.turn, 0);
    expect(dropped).toEqual(['b1 silent', 'a2 no-turn']);
  });

  it('a thousand that lose theirs do so a few at a time', () => {
    const { table, dropped, crowd } = scene({ handshakesInFlight: 0 });
    crowd('a', 500, 0, false);
    crowd('b', 500);
    table.advance(times.turn, 0);
    expect([dropped.length, table.waiting()]).toEqual([16, 984]);
    pass(table, times.turn, times.turn + 1_000);
    expect([table.counts.silent, table.counts.noTurn, table.waiting()]).toEqual([500, 500, 0]);
  });

  it('who is slow gives way only while all places are taken and somebody waits', () => {
    const { table, begun, dropped, crowd } = scene({ handshakesInFlight: 2 });
    crowd('a', 2);
    pass(table, 0, 9_000);
    expect([begun, dropped]).toEqual([['a1', 'a2'], []]);
    crowd('b', 1, 9_000);
    table.advance(9_000, 0);
    expect([begun, dropped]).toEqual([['a1', 'a2', 'b1'], ['a1 gave-way']]);
  });

  it('half-open handshakes of one address never keep others out', () => {
    const { table, begun, crowd, through } = scene({ handshakesInFlight: 8, handshakesInFlightPerAddress: 4, handshakesPerSecond: 50 });
    let good: readonly Arrival[] = [];
    for (let now = 0; now < 5_000; now += 10) {
      crowd('evil', 5, now);
      if (now % 100 === 0) good = crowd(`good${now}-`, 1, now);
      if (now % 100 === 50) through(good, now);
      table.advance(now, 0);
    }
    expect(begun.filter((name) => name.startsWith('good')).length).toBe(50);
  });

  it('addresses are forgotten with their last connection', () => {
    const { table, begun, crowd, through } = scene({ handshakesPerSecondPerAddress: 10 });
    for (const round of [0, 1, 2]) {
      through(crowd('a', 1, round), round);
    }
    // Remembered: the rate of the address is used up.
    expect(begun.length).toBe(1);
    table.advance(1_000, 0);
    for (const _ of crowd('a', 1, 1_000)) table.advance(1_000, 0);
    expect(begun.length).toBe(2);
  });
});
