import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { hearingKey } from './hearing.js';
import { type MemoryBus, memoryBus } from './memory-bus.js';
import { createRoster, type Roster } from './roster.js';

const me = hearingKey('ingress', 'i1', 'e1');
let now = 0;
let bus: MemoryBus;
let roster: Roster;

beforeEach(() => {
  vi.useFakeTimers();
  now = 10_000;
  bus = memoryBus();
  roster = createRoster(bus, { service: 'ingress', id: 'i1', epoch: 'e1' }, {}, () => now);
});
afterEach(() => {
  roster.close();
  vi.useRealTimers();
});

function hello(id: string, hears: number[], rest: Partial<Hello> = {}): void {
  const one = { service: 'relay', id, epoch: 'e1', draining: false, load: 0, returns: 0, hears, ...rest };
  bus.publish(subjects.hello('relay', id), Hello.encode(one).finish());
}

/** Lets time pass; `speak` is called every half second of it. */
function pass(ms: number, speak: () => void): void {
  for (let gone = 10; gone <= ms; gone += 10) {
    now += 10;
    vi.advanceTimersByTime(10);
    if (gone % 500 === 0) speak();
  }
}

it('is not undone by a word about something else', () => {
  hello('r1', [me]);
  hello('r2', [me]);
  pass(3_000, () => {
    hello('r1', [1]);
    hello('r2', [me]);
  });
  expect([roster.counts.deaf, roster.every('relay').map(({ id }) => id)]).toEqual([1, ['r2']]);
  hello('r1', [1], { draining: true });
  expect([roster.counts.deaf, roster.every('relay').map(({ id }) => id)]).toEqual([1, ['r2']]);
  hello('r1', [me], { draining: true });
  expect(roster.every('relay').map(({ id }) => id)).toEqual(['r1', 'r2']);
});

it('begins no later for a word about something else', () => {
  hello('r1', [me]);
  hello('r2', [me]);
  pass(2_500, () => {
    hello('r1', [1]);
    hello('r2', [me]);
  });
  hello('r1', [1], { draining: true });
  expect(roster.counts.deaf).toBe(0);
  pass(500, () => {
    hello('r1', [1], { draining: true });
    hello('r2', [me]);
  });
  expect(roster.counts.deaf).toBe(1);
});

it('begins anew with who was started again, and with who was away', () => {
  hello('r1', [me]);
  pass(2_500, () => hello('r1', [1]));
  hello('r1', [1], { epoch: 'e2' });
  pass(2_500, () => hello('r1', [1], { epoch: 'e2' }));
  hello('r1', [1], { epoch: 'e2', returns: 1 });
  pass(2_500, () => hello('r1', [1], { epoch: 'e2', returns: 1 }));
  expect([roster.counts.deaf, roster.freshIds('relay')]).toEqual([0, ['r1']]);
  pass(500, () => hello('r1', [1], { epoch: 'e2', returns: 1 }));
  expect([roster.counts.deaf, roster.freshIds('relay')]).toEqual([1, []]);
});

it('is nobody who could not hear this process because it stood still', () => {
  hello('r1', [me]);
  pass(500, () => hello('r1', [me]));
  // Others have taken it off meanwhile, and say so until they hear it again.
  now += 4_000;
  vi.advanceTimersByTime(250);
  hello('r1', [1]);
  pass(500, () => hello('r1', [1]));
  pass(500, () => hello('r1', [me]));
  expect([roster.counts.deaf, roster.freshIds('relay'), bus.moves()]).toEqual([0, ['r1'], 0]);
});

it('is not this process where fewer than half of the others fall silent at once', () => {
  const speak = (...ids: string[]) => {
    return () => {
      for (const id of ids) hello(id, [me]);
    };
  };
  speak('r1', 'r2', 'r3', 'r4', 'r5')();
  pass(4_000, speak('r1', 'r2', 'r3'));
  expect([bus.moves(), roster.freshIds('relay')]).toEqual([0, ['r1', 'r2', 'r3']]);
  pass(4_000, speak('r1'));
  expect([bus.moves(), roster.freshIds('relay')]).toEqual([1, ['r1']]);
});
