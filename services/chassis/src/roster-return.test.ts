import { Hello } from '@guildhall/proto/gen/guildhall/bus/v1/hello';
import { subjects } from '@guildhall/proto/subjects';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryBus } from './memory-bus.js';
import { createRoster, type Roster } from './roster.js';

let now = 0;
let roster: Roster;
let changes: string[] = [];
let hello: (id: string, returns?: number) => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  now = 10_000;
  const bus = memoryBus();
  roster = createRoster(bus, { service: 'ingress', id: 'i1', epoch: 'e1' }, {}, () => now);
  hello = (id, returns = 0) => {
    const said = { service: 'relay', id, epoch: 'e1', draining: false, load: 0, returns, hears: [] };
    bus.publish(subjects.hello('relay', id), Hello.encode(said).finish());
  };
  hello('r1');
  hello('r2');
  bus.setConnected(false);
  bus.setConnected(true);
  changes = [];
  roster.onChange((service) => changes.push(`${service}:${roster.freshIds(service)}`));
});
afterEach(() => {
  roster.close();
  vi.useRealTimers();
});

describe('a roster that is back at NATS', () => {
  it('waits for who does not hear while nobody else of its service is back either', () => {
    roster.miss('relay', 'r1', 'e1');
    roster.miss('relay', 'r2', 'e1');
    expect([changes, roster.counts.missed]).toEqual([[], 0]);
    hello('r1', 1);
    expect([changes, roster.counts.missed]).toEqual([['relay:r1,r2', 'relay:r1'], 1]);
    hello('r2', 1);
    expect(roster.fresh('relay').map((one) => [one.id, one.returns])).toEqual([
      ['r1', 1],
      ['r2', 1],
    ]);
  });

  it('takes it off where another is there', () => {
    hello('r2', 1);
    roster.miss('relay', 'r1', 'e1');
    roster.miss('relay', 'r2', 'e1');
    expect(changes).toEqual(['relay:r1,r2', 'relay:r2', 'relay:']);
  });

  it('takes it off when it does not come', () => {
    roster.miss('relay', 'r1', 'e1');
    for (let gone = 0; gone < 3_300; gone += 50) {
      now += 50;
      vi.advanceTimersByTime(50);
    }
    expect(roster.freshIds('relay')).toEqual([]);
  });

  it('shows that one go and come which did not hear and was never away', () => {
    roster.miss('relay', 'r1', 'e1');
    hello('r1');
    expect([changes, roster.counts.missed]).toEqual([['relay:r2', 'relay:r1,r2'], 0]);
    hello('r1');
    hello('r2');
    expect(changes).toHaveLength(2);
  });
});
