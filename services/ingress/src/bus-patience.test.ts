import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBusPatience } from './bus-patience.js';

/** A bus that comes and goes as it is told. */
function fakeBus() {
  const listeners = new Set<(up: boolean) => void>();
  let up = true;
  return {
    connected: () => up,
    onConnected(listener: (up: boolean) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(now: boolean) {
      up = now;
      for (const listener of listeners) listener(now);
    },
    listeners,
  };
}

describe('while NATS is away', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const open = (most: number) => {
    const bus = fakeBus();
    const over: number[] = [];
    let now = 100;
    const patience = createBusPatience(
      bus,
      most,
      () => now,
      (since) => over.push(since),
    );
    const pass = (ms: number): void => {
      now += ms;
      vi.advanceTimersByTime(ms);
    };
    return { bus, over, patience, pass };
  };

  it('requests are taken for the patience, and refused after it until it is back', () => {
    const { bus, over, patience, pass } = open(1_000);
    expect(patience.takes()).toBe(true);
    pass(50);
    bus.set(false);
    pass(999);
    expect([patience.takes(), over]).toEqual([true, []]);
    pass(1);
    expect([patience.takes(), over]).toEqual([false, [150]]);
    bus.set(true);
    expect(patience.takes()).toBe(true);
  });

  it('a return in time leaves nothing behind, and the next loss has a patience of its own', () => {
    const { bus, over, patience, pass } = open(1_000);
    bus.set(false);
    pass(900);
    bus.set(true);
    pass(900);
    bus.set(false);
    pass(900);
    expect([patience.takes(), over]).toEqual([true, []]);
    pass(100);
    expect([patience.takes(), over]).toEqual([false, [1_900]]);
  });

  it('without patience they are refused at once', () => {
    const { bus, over, patience } = open(0);
    bus.set(false);
    expect([patience.takes(), over]).toEqual([false, [100]]);
  });

  it('nothing happens any more when it is closed', () => {
    const { bus, over, patience, pass } = open(1_000);
    bus.set(false);
    patience.close();
    pass(2_000);
    expect(over).toEqual([]);
    expect(bus.listeners.size).toBe(0);
  });
});
