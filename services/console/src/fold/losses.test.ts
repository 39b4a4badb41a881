import { beforeEach, expect, it } from 'vitest';
import { createLosses, type Losses } from './losses.js';

let now: number;
let losses: Losses;
const silent = 30_000;
const began = 1_000_000;

beforeEach(() => {
  now = 0;
  losses = createLosses(silent, began, () => now);
});

const relay = (id: string, epoch: string, at = 500) => ({ id, epoch, at });
const by = (count: number) => new Map([['relay-1', count]]);
const batch = (first: number, count: number, of: { epoch?: string; dropped?: number } = {}) => ({
  ingress: 'ingress-1',
  epoch: 'a',
  first,
  count,
  dropped: 0,
  at: 100,
  ...of,
});

it('counts as lost what relays told to an incarnation beyond its records, when another began', () => {
  losses.batch(
    batch(1, 10),
    new Map([
      ['relay-1', 5],
      ['relay-2', 3],
    ]),
    true,
  );
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'a', 7);
  losses.told(relay('relay-2', 'y'), 'ingress-1', 'a', 4);
  expect(losses.take(true)).toEqual({ dropped: 0, lost: 0 });
  losses.alive('ingress-1', 'b', began + 1, 0);
  expect(losses.take(false)).toEqual({ dropped: 0, lost: 0 });
  expect(losses.take(true)).toEqual({ dropped: 0, lost: 3 });
  expect(losses.take(true)).toEqual({ dropped: 0, lost: 0 });
  losses.told(relay('relay-2', 'y'), 'ingress-1', 'a', 6);
  expect(losses.take(true)).toEqual({ dropped: 0, lost: 2 });
});

it('counts it as lost when nothing was heard of it for long, and not before', () => {
  losses.alive('ingress-1', 'a', began + 5, 0);
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'a', 7);
  now += silent - 1;
  expect(losses.take(true).lost).toBe(0);
  now += 1;
  expect(losses.take(true).lost).toBe(7);
});

it('does not take an old incarnation for the newest because its records come late', () => {
  losses.batch(batch(1, 1), by(1), true);
  losses.batch(batch(1, 1, { epoch: 'b' }), by(1), true);
  losses.batch(batch(2, 1), by(1), true);
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'b', 5);
  expect(losses.take(true).lost).toBe(0);
});

it.each<[string, () => void]>([
  ['its first record was not seen', () => losses.batch(batch(100, 10), by(10), true)],
  ['it began before everything was seen', () => losses.alive('ingress-1', 'a', began - 1, 0)],
  ['only relays spoke of it', () => undefined],
  ['a batch was only sampled', () => [losses.batch(batch(1, 10), by(10), true), losses.batch(batch(11, 10), by(10), false)]],
  ['batches were left out', () => [losses.batch(batch(1, 10), by(10), true), losses.leftOut()]],
])('does not say what it does not know: %s', (_why, harm) => {
  harm();
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'a', 1000);
  losses.alive('ingress-1', 'b', began + 1, 0);
  now += silent;
  expect(losses.take(true).lost).toBe(0);
});

it('counts what was dropped once, wherever it is told', () => {
  losses.batch(batch(4, 10, { dropped: 3 }), by(10), true);
  expect(losses.take(true).dropped).toBe(3);
  losses.alive('ingress-1', 'a', 1, 5);
  losses.batch(batch(14, 1, { dropped: 4 }), by(1), true);
  expect(losses.take(true).dropped).toBe(2);
  expect(losses.take(true).dropped).toBe(0);
});

it('does not count again what was dropped before it was there', () => {
  losses.batch(batch(500, 10, { dropped: 3 }), by(10), true);
  expect(losses.take(true).dropped).toBe(0);
  losses.batch(batch(600, 10, { dropped: 9 }), by(10), true);
  expect(losses.take(true).dropped).toBe(6);
});

it('knows what a relay did not say before it died from the records of a quiet moment', () => {
  losses.batch(batch(1, 100), by(100), true);
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'a', 90);
  losses.told(relay('relay-1', 'y', 700), 'ingress-1', 'a', 5);
  // It comes after it was told, but was made before; the next one may hold what was not told yet.
  losses.batch({ ...batch(101, 5), at: 650 }, by(5), true);
  losses.batch({ ...batch(106, 3), at: 651 }, by(3), true);
  // What the dead one says late is known already.
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'a', 95);
  losses.told(relay('relay-1', 'y', 800), 'ingress-1', 'a', 12);
  losses.alive('ingress-1', 'b', began + 1, 0);
  expect(losses.take(true).lost).toBe(4);
});

it('does not set what one relay forgot against what another one told', () => {
  losses.batch(
    batch(1, 100),
    new Map([
      ['relay-1', 60],
      ['relay-2', 40],
    ]),
    true,
  );
  losses.told(relay('relay-1', 'x'), 'ingress-1', 'a', 50);
  losses.told(relay('relay-2', 'x'), 'ingress-1', 'a', 44);
  losses.alive('ingress-1', 'b', began + 1, 0);
  expect(losses.take(true).lost).toBe(4);
});
