import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { hearingKey, mostInstances } from './hearing.js';
import { type MemoryBus, memoryBus } from './memory-bus.js';
import { createRoster, type Roster } from './roster.js';

const me = hearingKey('ingress', 'i1', 'e1');
let now = 0;
let bus: MemoryBus;
let roster: Roster;
let said: Hello | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  now = 10_000;
  bus = memoryBus();
  bus.subscribe(subjects.hello('ingress', 'i1'), (payload) => {
    said = Hello.decode(payload);
  });
  roster = createRoster(bus, { service: 'ingress', id: 'i1', epoch: 'e1' }, {}, () => now);
});
afterEach(() => {
  roster.close();
  vi.useRealTimers();
});

function hello(service: string, id: string, hears: number[], rest: Partial<Hello> = {}): void {
  const one = { service, id, epoch: 'e1', draining: false, load: 0, returns: 0, hears, ...rest };
  bus.publish(subjects.hello(service, id), Hello.encode(one).finish());
}

/** Lets time pass; `speak` is called every half second of it. */
function pass(ms: number, speak: () => void = () => undefined): void {
  for (let gone = 10; gone <= ms; gone += 10) {
    now += 10;
    vi.advanceTimersByTime(10);
    if (gone % 500 === 0) speak();
  }
}

it('says whom it hears, itself among them', () => {
  hello('relay', 'r1', [me]);
  pass(500);
  expect(said?.hears.toSorted()).toEqual([me, hearingKey('relay', 'r1', 'e1')].toSorted());
  pass(2_000);
  expect(said?.hears).toEqual([me]);
});

it('takes off who is heard and does not hear, and takes it back when it does', () => {
  const changes: string[] = [];
  hello('relay', 'r1', [me]);
  hello('relay', 'r2', [me]);
  roster.onChange(() => changes.push(roster.freshIds('relay').join()));
  const speak = (hears: number[]) => () => {
    hello('relay', 'r1', hears);
    hello('relay', 'r2', [me]);
  };
  pass(2_500, speak([1]));
  expect(roster.counts.deaf).toBe(0);
  pass(1_500, speak([1]));
  expect([changes, roster.counts.deaf, roster.every('relay').map(({ id }) => id)]).toEqual([['r2'], 1, ['r2']]);
  // It is heard all the same.
  expect(said?.hears).toContain(hearingKey('relay', 'r1', 'e1'));
  pass(500, speak([me]));
  expect([changes, bus.moves()]).toEqual([['r2', 'r1,r2'], 0]);
});

it.each<[string, number[]]>([
  ['does not tell whom it hears', []],
  ['hears so many that it cannot tell all', Array.from({ length: mostInstances }, (_, at) => at)],
])('keeps who %s', (_, hears) => {
  hello('relay', 'r1', hears);
  pass(3_000, () => hello('relay', 'r1', hears));
  expect([roster.freshIds('relay'), roster.counts.deaf]).toEqual([['r1'], 0]);
});

it('gives who is new time to hear it', () => {
  hello('relay', 'r1', [1]);
  pass(500, () => hello('relay', 'r1', [1]));
  pass(3_000, () => hello('relay', 'r1', [1, me]));
  expect([roster.freshIds('relay'), roster.counts.deaf]).toEqual([['r1'], 0]);
});

it('takes nobody off for what was said of it while it stood still', () => {
  hello('relay', 'r1', [me]);
  pass(500, () => hello('relay', 'r1', [me]));
  now += 4_000;
  vi.advanceTimersByTime(10);
  hello('relay', 'r1', [1]);
  pass(500, () => hello('relay', 'r1', [me]));
  expect([roster.freshIds('relay'), roster.counts.deaf]).toEqual([['r1'], 0]);
});

it('gives everybody time when it is back at NATS', () => {
  hello('relay', 'r1', [me]);
  bus.setConnected(false);
  pass(5_000);
  bus.setConnected(true);
  pass(4_000, () => hello('relay', 'r1', [1]));
  expect([roster.freshIds('relay'), roster.counts.deaf]).toEqual([['r1'], 0]);
});

it('goes elsewhere when it is heard by nobody, and again when that did not help', () => {
  const speak = () => {
    hello('relay', 'r1', [1]);
    hello('policy', 'p1', [1]);
  };
  speak();
  pass(4_000, speak);
  expect([bus.moves(), roster.freshIds('relay')]).toEqual([1, []]);
  bus.setConnected(false);
  bus.setConnected(true);
  pass(6_000, speak);
  expect(bus.moves()).toBe(2);
});

it('goes elsewhere when half of the others fall silent at once, not when one dies or some drain', () => {
  const speak = (...ids: string[]) => {
    return () => {
      for (const id of ids) hello('relay', id, [me]);
    };
  };
  speak('r1', 'r2', 'r3', 'r4', 'r5')();
  pass(3_000, speak('r1', 'r2', 'r3', 'r4'));
  hello('relay', 'r3', [me], { draining: true });
  hello('relay', 'r4', [me], { draining: true });
  pass(3_000, speak('r1', 'r2'));
  expect([bus.moves(), roster.freshIds('relay')]).toEqual([0, ['r1', 'r2']]);
  pass(3_000);
  expect([bus.moves(), roster.counts.stale]).toEqual([1, 5]);
  // Made up once more: it has just moved.
  speak('r6', 'r7', 'r8')();
  pass(3_000);
  expect([bus.moves(), roster.counts.stale]).toEqual([1, 8]);
});
