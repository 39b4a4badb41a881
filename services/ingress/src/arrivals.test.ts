import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type ArrivalLimits, createArrivals } from './arrivals.js';
import type { Arrival } from './handshakes.js';

const wide: ArrivalLimits = {
  connections: 1_000,
  connectionsPerAddress: 1_000,
  handshakesInFlight: 1_000,
  handshakesInFlightPerAddress: 1_000,
  handshakesPerSecond: 1_000_000,
  handshakesPerSecondPerAddress: 1_000_000,
  handshakesWaiting: 1_000,
  handshakesWaitingPerAddress: 1_000,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is let in, and what became of it. */
function scene(limits: Partial<ArrivalLimits> = {}) {
  const arrivals = createArrivals({ ...wide, ...limits }, { hello: 1_000, turn: 2_000 }, { clock: () => Date.now(), lag: () => 0 });
  const told: string[] = [];
  const one = (name: string, address = 'a'): Arrival => ({
    address,
    begin: () => told.push(name),
    drop(why) {
      told.push(`${name} ${why}`);
      arrivals.gone(this);
    },
  });
  /** Arrives and asks. */
  const ask = (name: string, address?: string): Arrival => {
    const arrival = one(name, address);
    expect(arrivals.arrive(arrival)).toBe('');
    arrivals.asked(arrival);
    return arrival;
  };
  return { arrivals, told, one, ask };
}

it('more connections than may be are turned back, in all and of one address, until one is gone', () => {
  const { arrivals, one, ask } = scene({ connections: 2, connectionsPerAddress: 1 });
  const first = ask('1');
  expect(arrivals.arrive(one('2'))).toBe('too-many-connections');
  ask('3', 'b');
  vi.runAllTimers();
  expect(arrivals.arrive(one('4', 'c'))).toBe('too-many-connections');
  arrivals.gone(first);
  expect(arrivals.arrive(one('5'))).toBe('');
});

it('nothing begins in the turn in which it asked, or in which another ended', () => {
  const { arrivals, told, ask } = scene({ handshakesInFlight: 1 });
  const first = ask('1');
  const second = ask('2');
  expect(told).toEqual([]);
  vi.runOnlyPendingTimers();
  expect(told).toEqual(['1']);
  arrivals.over(first);
  expect(told).toEqual(['1']);
  vi.runOnlyPendingTimers();
  expect(told).toEqual(['1', '2']);
  ask('3');
  arrivals.gone(second);
  expect(told).toEqual(['1', '2']);
  vi.runOnlyPendingTimers();
  expect(told).toEqual(['1', '2', '3']);
});

it('who says nothing is dropped without anybody else coming, and then nothing is looked at any more', () => {
  const { arrivals, told, one } = scene();
  for (let at = 0; at < 100; at += 1) arrivals.arrive(one(`${at}`));
  vi.advanceTimersByTime(999);
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual(Array.from({ length: 100 }, (_, at) => `${at} silent`));
  expect([arrivals.waiting(), vi.getTimerCount()]).toEqual([0, 0]);
});

it('a thousand whose time is over do not end in one turn', () => {
  const { arrivals, told, one } = scene();
  for (let at = 0; at < 1_000; at += 1) arrivals.arrive(one(`${at}`));
  vi.advanceTimersByTime(995);
  for (let left = 1_000; left > 0; left = arrivals.waiting()) {
    const before = told.length;
    vi.advanceTimersToNextTimer();
    expect(told.length - before).toBeLessThanOrEqual(16);
  }
  expect(told.length).toBe(1_000);
});

it('nothing begins once it is closed', () => {
  const { arrivals, told, ask } = scene();
  ask('1');
  arrivals.close();
  ask('2');
  vi.runAllTimers();
  expect(told).toEqual([]);
});
