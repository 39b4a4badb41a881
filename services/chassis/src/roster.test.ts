import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryBus } from './memory-bus.js';
import { createRoster, type Roster } from './roster.js';

let now = 0;
const open: Roster[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  now = 10_000;
});
afterEach(() => {
  for (const roster of open.splice(0)) roster.close();
  vi.useRealTimers();
});

function setUp() {
  const bus = memoryBus();
  const sent: Hello[] = [];
  bus.subscribe(subjects.everyHello, (payload) => {
    if (isHello(payload)) sent.push(Hello.decode(payload));
  });
  const join = (service: string, id: string, epoch = 'e1'): Roster => {
    const roster = createRoster(bus, { service, id, epoch }, {}, () => now);
    open.push(roster);
    return roster;
  };
  const hello = (service: string, id: string, rest: Partial<Hello> = {}): void =>
    bus.publish(
      `gh.v1.hello.${service}.x`,
      Hello.encode({ service, id, epoch: 'e1', draining: false, load: 0, returns: 0, hears: [], ...rest }).finish(),
    );
  return { bus, sent, join, hello };
}

function isHello(payload: Uint8Array): boolean {
  try {
    Hello.decode(payload);
    return true;
  } catch {
    return false;
  }
}

/** Lets time pass for clock and timers alike. */
function pass(ms: number): void {
  for (let gone = 0; gone < ms; gone += 10) {
    now += 10;
    vi.advanceTimersByTime(10);
  }
}

describe('a roster does not list', () => {
  it.each<[string, Partial<Hello>]>([
    ['an id that is no token', { id: 'a.b' }],
    ['an id with a wildcard', { id: '*' }],
    ['an id that is too long', { id: 'a'.repeat(65) }],
    ['somebody who says hello as another service', { service: 'policy' }],
    ['a service that is no token', { service: '' }],
    ['someone without an epoch', { epoch: '' }],
  ])('%s', (_, rest) => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    const changes: string[] = [];
    roster.onChange((service) => changes.push(service));
    hello('relay', 'r1', rest);
    expect(changes).toEqual([]);
    expect(roster.every('relay')).toEqual([]);
  });

  it('what is no hello at all, and does not complain', () => {
    const { bus, join } = setUp();
    const roster = join('ingress', 'i1');
    for (const bytes of [[0xff], [0x0a], [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]]) {
      expect(() => bus.publish('gh.v1.hello.relay.x', Uint8Array.from(bytes))).not.toThrow();
    }
    expect(roster.every('relay')).toEqual([]);
  });

  it('more than a thousand, whoever makes them up', () => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    for (let index = 0; index < 1500; index += 1) hello('relay', `r${index}`);
    expect(roster.every('relay').length).toBe(999);
  });

  it('someone who was not heard of for 1.5 seconds', () => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    const changes: string[] = [];
    roster.onChange((service) => changes.push(service));
    pass(1400);
    expect(roster.freshIds('relay')).toEqual(['r1']);
    pass(350);
    expect(roster.freshIds('relay')).toEqual([]);
    expect(roster.every('relay')).toEqual([]);
    expect(changes).toEqual(['relay']);
  });

  it('someone draining as fresh', () => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    hello('relay', 'r2', { draining: true });
    expect(roster.freshIds('relay')).toEqual(['r1']);
    expect(roster.every('relay').map((one) => one.id)).toEqual(['r1', 'r2']);
  });
});

describe('a roster', () => {
  it('knows itself at once and others as soon as they come, both ways, by id', () => {
    const { join } = setUp();
    const second = join('relay', 'r2');
    expect(second.freshIds('relay')).toEqual(['r2']);
    pass(100);
    const first = join('relay', 'r1');
    expect(first.freshIds('relay')).toEqual(['r1', 'r2']);
    expect(second.freshIds('relay')).toEqual(['r1', 'r2']);
    expect(first.freshIds('ingress')).toEqual([]);
  });

  it('says hello every half second, with its load', () => {
    const { join, sent } = setUp();
    const roster = join('relay', 'r1');
    roster.setLoad(() => 7.9);
    pass(5000);
    expect(sent.length).toBe(11);
    expect(sent.at(-1)).toMatchObject({ service: 'relay', id: 'r1', epoch: 'e1', draining: false, load: 7 });
  });

  it('tells joins, restarts, drains and leaves, once each, and keeps its arrays in between', () => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    const changes: string[] = [];
    const stop = roster.onChange((service) => changes.push(`${service}:${roster.freshIds(service)}`));
    hello('relay', 'r1');
    const before = roster.fresh('relay');
    const ids = roster.freshIds('relay');
    hello('relay', 'r1', { load: 5 });
    expect(roster.fresh('relay')).toBe(before);
    expect(roster.freshIds('relay')).toBe(ids);
    expect(before[0]?.load).toBe(5);
    hello('relay', 'r1', { epoch: 'e2' });
    expect(roster.fresh('relay')[0]?.epoch).toBe('e2');
    hello('relay', 'r1', { epoch: 'e2', draining: true });
    pass(2000);
    expect(changes).toEqual(['relay:r1', 'relay:r1', 'relay:', 'relay:']);
    stop();
    hello('relay', 'r3');
    expect(changes).toHaveLength(4);
  });

  it('drains and leaves with a hello at once', () => {
    const { join, sent } = setUp();
    const other = join('ingress', 'i1');
    const roster = join('relay', 'r1');
    sent.length = 0;
    roster.drain();
    roster.drain();
    expect(sent.map((hello) => hello.draining)).toEqual([true]);
    expect(roster.freshIds('relay')).toEqual([]);
    expect(other.freshIds('relay')).toEqual([]);
    other.close();
    expect(sent.at(-1)).toMatchObject({ id: 'i1', draining: true });
    const count = sent.length;
    roster.close();
    pass(2000);
    expect(sent.length).toBe(count);
  });

  it('lets nobody go stale while the bus is down, and for a while after', () => {
    const { bus, join, hello, sent } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    bus.setConnected(false);
    pass(10_000);
    expect(roster.freshIds('relay')).toEqual(['r1']);
    sent.length = 0;
    bus.setConnected(true);
    expect(sent).toHaveLength(1);
    pass(2900);
    expect(roster.freshIds('relay')).toEqual(['r1']);
    pass(400);
    expect(roster.freshIds('relay')).toEqual([]);
  });

  it('does not take its own standstill for the death of others', () => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    now += 5000;
    vi.advanceTimersByTime(250);
    expect(roster.freshIds('relay')).toEqual(['r1']);
    pass(2000);
    expect(roster.freshIds('relay')).toEqual([]);
  });

  it('tells that an instance came back to NATS, and counts its own returns', () => {
    const { bus, join, hello, sent } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    const changes: string[] = [];
    roster.onChange((service) => changes.push(service));
    hello('relay', 'r1', { returns: 1 });
    hello('relay', 'r1', { returns: 1 });
    expect([changes, roster.fresh('relay')[0]?.returns]).toEqual([['relay'], 1]);
    sent.length = 0;
    bus.setConnected(false);
    bus.setConnected(true);
    bus.setConnected(false);
    bus.setConnected(true);
    expect(sent.map((one) => [one.id, one.returns])).toEqual([
      ['i1', 1],
      ['i1', 2],
    ]);
  });

  it('takes off at once who did not hear what was said, and does not believe a hello that was still on its way', () => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1', { returns: 3 });
    hello('relay', 'r2');
    const changes: string[] = [];
    roster.onChange((service) => changes.push(`${service}:${roster.freshIds(service)}`));
    roster.miss('relay', 'r1', 'e0');
    roster.miss('relay', 'r9', 'e1');
    roster.miss('ingress', 'i1', 'e1');
    expect(changes).toEqual([]);
    roster.miss('relay', 'r1', 'e1');
    roster.miss('relay', 'r1', 'e1');
    hello('relay', 'r1', { returns: 3 });
    hello('relay', 'r1', { returns: 3, draining: true });
    expect([changes, roster.every('relay').map((one) => one.id)]).toEqual([['relay:r2'], ['r2']]);
    pass(490);
    hello('relay', 'r1', { returns: 3 });
    expect(roster.freshIds('relay')).toEqual(['r2']);
    pass(10);
    hello('relay', 'r1', { returns: 3 });
    expect(roster.freshIds('relay')).toEqual(['r1', 'r2']);
  });

  it.each<[string, Partial<Hello>]>([
    ['is back at NATS', { returns: 1 }],
    ['was started again', { epoch: 'e2' }],
  ])('takes back at once one that was missed and %s', (_why, rest) => {
    const { join, hello } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    roster.miss('relay', 'r1', 'e1');
    hello('relay', 'r1', rest);
    expect(roster.freshIds('relay')).toEqual(['r1']);
    roster.miss('relay', 'r1', 'e1');
    expect(roster.freshIds('relay')).toEqual(rest.epoch === undefined ? [] : ['r1']);
  });

  it('believes everybody again once it came back to NATS itself', () => {
    const { bus, join, hello } = setUp();
    const roster = join('ingress', 'i1');
    hello('relay', 'r1');
    roster.miss('relay', 'r1', 'e1');
    bus.setConnected(false);
    bus.setConnected(true);
    hello('relay', 'r1');
    expect(roster.freshIds('relay')).toEqual(['r1']);
  });

  it('notices another process under its own name until that one leaves', () => {
    const { join, hello } = setUp();
    const roster = join('relay', 'r1');
    hello('relay', 'r1', { epoch: 'e1' });
    expect(roster.contested()).toBe(false);
    hello('relay', 'r1', { epoch: 'old', draining: true });
    expect(roster.contested()).toBe(false);
    hello('relay', 'r1', { epoch: 'e2' });
    expect(roster.contested()).toBe(true);
    expect(roster.fresh('relay')[0]?.epoch).toBe('e1');
    pass(1500);
    expect(roster.contested()).toBe(false);
  });
});
