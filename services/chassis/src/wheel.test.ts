import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWheel, type Timed } from './wheel.js';

interface Item extends Timed<Item> {
  name: string;
}

const item = (name: string): Item => ({ name, wheelNext: undefined, wheelPrevious: undefined, wheelSlot: -1, wheelDue: 0 });

function wheelOf(slotMs: number, slots: number) {
  const expired: string[] = [];
  const wheel = createWheel<Item>({ slotMs, slots }, (one) => expired.push(one.name));
  return { wheel, expired };
}

describe('a wheel', () => {
  it('expires nothing early and everything in its slot', () => {
    const { wheel, expired } = wheelOf(100, 8);
    wheel.advance(1000);
    wheel.add(item('a'), 1250);
    wheel.advance(1249);
    expect(expired).toEqual([]);
    wheel.advance(1299);
    expect(expired).toEqual([]);
    wheel.advance(1300);
    expect(expired).toEqual(['a']);
    expect(wheel.size()).toBe(0);
  });

  it('keeps what is due after more than a revolution', () => {
    const { wheel, expired } = wheelOf(100, 4);
    wheel.advance(0);
    wheel.add(item('far'), 1000);
    wheel.add(item('near'), 200);
    for (let now = 0; now < 1000; now += 50) wheel.advance(now);
    expect(expired).toEqual(['near']);
    wheel.advance(1000);
    expect(expired).toEqual(['near', 'far']);
  });

  it('catches up after a pause longer than a revolution', () => {
    const { wheel, expired } = wheelOf(10, 4);
    wheel.advance(0);
    for (const due of [5, 15, 25, 500, 5000]) wheel.add(item(String(due)), due);
    wheel.advance(1000);
    expect(expired.sort()).toEqual(['15', '25', '5', '500']);
    wheel.advance(5000);
    expect(expired).toHaveLength(5);
  });

  it('takes things before it was ever advanced, and things due in the past', () => {
    const { wheel, expired } = wheelOf(10, 4);
    wheel.add(item('before'), 123_456);
    wheel.advance(123_460);
    wheel.add(item('past'), 5);
    expect(expired).toEqual(['before']);
    wheel.advance(123_470);
    expect(expired).toEqual(['before', 'past']);
  });

  it('forgets what is removed and moves what is added again', () => {
    const { wheel, expired } = wheelOf(10, 16);
    wheel.advance(0);
    const [a, b, c] = [item('a'), item('b'), item('c')];
    for (const one of [a, b, c]) wheel.add(one, 50);
    wheel.remove(b);
    wheel.remove(b);
    wheel.add(c, 90);
    expect(wheel.size()).toBe(2);
    wheel.advance(60);
    expect(expired).toEqual(['a']);
    wheel.remove(a);
    wheel.advance(100);
    expect(expired).toEqual(['a', 'c']);
    expect(wheel.size()).toBe(0);
  });

  it('lets a callback add and remove anything, itself and its neighbours included', () => {
    const expired: string[] = [];
    const all = ['a', 'b', 'c', 'd'].map(item);
    const wheel = createWheel<Item>({ slotMs: 10, slots: 4 }, (one) => {
      expired.push(one.name);
      if (expired.length > 1) return;
      for (const other of all) wheel.remove(other);
      wheel.add(one, 100);
    });
    wheel.advance(0);
    for (const one of all) wheel.add(one, 20);
    wheel.advance(30);
    expect(expired).toHaveLength(1);
    expect(wheel.size()).toBe(1);
    wheel.advance(100);
    expect(expired).toHaveLength(2);
    expect(expired[0]).toBe(expired[1]);
  });

  it('expires the rest with the next advance when a callback throws', () => {
    const expired: string[] = [];
    const wheel = createWheel<Item>({ slotMs: 10, slots: 4 }, (one) => {
      expired.push(one.name);
      if (expired.length === 1) throw new Error('boom');
    });
    wheel.advance(0);
    for (const [name, due] of [
      ['a', 10],
      ['b', 10],
      ['c', 20],
    ] as const)
      wheel.add(item(name), due);
    expect(() => wheel.advance(20)).toThrow('boom');
    wheel.advance(20);
    expect(expired.sort()).toEqual(['a', 'b', 'c']);
    expect(wheel.size()).toBe(0);
  });

  it('agrees with a plain list, whatever is done to it', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), which: fc.nat(9), inMs: fc.integer({ min: -50, max: 900 }) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(9) }),
      fc.record({ kind: fc.constant('advance' as const), byMs: fc.nat(400) }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (steps, slotMs, slots) => {
          const { wheel, expired } = wheelOf(slotMs, slots);
          const items = Array.from({ length: 10 }, (_, index) => item(String(index)));
          const due = new Map<string, number>();
          let now = 1000;
          wheel.advance(now);
          for (const one of steps) {
            if (one.kind === 'advance') {
              now += one.byMs;
              expired.length = 0;
              wheel.advance(now);
              for (const name of expired) {
                expect(due.get(name)).toBeLessThanOrEqual(now);
                expect(due.delete(name)).toBe(true);
              }
              // Nothing is more than a slot late; what was past when it was added gets one slot from then.
              for (const dueMs of due.values()) expect(dueMs).toBeGreaterThan(now - 2 * slotMs);
            } else {
              const chosen = items[one.which];
              if (chosen === undefined) continue;
              if (one.kind === 'remove') {
                wheel.remove(chosen);
                due.delete(chosen.name);
              } else {
                wheel.add(chosen, now + Math.max(one.inMs, -slotMs));
                due.set(chosen.name, now + Math.max(one.inMs, -slotMs));
              }
            }
            expect(wheel.size()).toBe(due.size);
          }
        },
      ),
    );
  });
});
