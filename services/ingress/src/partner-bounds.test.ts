import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bounds, held, newConduct, noteFinal, rateOf } from './partner-bounds.js';

const bounds: Bounds = { requestsPerSecond: 20, contacts: 3, suspectRequestsPerSecond: 1 };

function times(count: number, act: () => unknown): void {
  for (let done = 0; done < count; done += 1) act();
}

describe('what a discovered partner may send', () => {
  it('a second’s worth at once, then at its rate', () => {
    const conduct = newConduct(bounds, 0);
    times(20, () => expect(held(conduct, 'a@x', 0)).toBe(''));
    expect(held(conduct, 'a@x', 0)).toBe('partner-rate');
    expect(held(conduct, 'a@x', 49)).toBe('partner-rate');
    expect(held(conduct, 'a@x', 50)).toBe('');
    expect(conduct.overRate).toBe(2);
  });

  it('to so many users and no other, until the hour is over', () => {
    const conduct = newConduct(bounds, 0);
    for (const user of ['a@x', 'b@x', 'c@x', 'a@x']) expect(held(conduct, user, 0)).toBe('');
    expect(held(conduct, 'd@x', 0)).toBe('partner-contacts');
    expect(held(conduct, 'a@x', 0)).toBe('');
    // What is in a dialog addresses nobody new.
    expect(held(conduct, undefined, 0)).toBe('');
    expect(held(conduct, 'd@x', 3_599_999)).toBe('partner-contacts');
    expect(held(conduct, 'd@x', 3_600_000)).toBe('');
    expect([conduct.overContacts, conduct.contacts.size]).toEqual([2, 1]);
  });

  it('less, once most of it fails, and again more when that is over', () => {
    const conduct = newConduct(bounds, 0);
    times(19, () => expect(noteFinal(conduct, 404)).toBe(false));
    expect(rateOf(conduct)).toBe(20);
    expect(noteFinal(conduct, 404)).toBe(true);
    expect(noteFinal(conduct, 404)).toBe(false);
    expect(rateOf(conduct)).toBe(1);
    expect(held(conduct, 'a@x', 0)).toBe('');
    expect(held(conduct, 'a@x', 0)).toBe('partner-rate');
    expect(held(conduct, 'a@x', 999)).toBe('partner-rate');
    expect(held(conduct, 'a@x', 1_000)).toBe('');
    times(100, () => noteFinal(conduct, 200));
    expect([conduct.suspect, rateOf(conduct)]).toEqual([false, 20]);
  });

  it('its part only, where several ingresses share the bounds', () => {
    const conduct = newConduct({ requestsPerSecond: 20, contacts: 4, suspectRequestsPerSecond: 1 }, 0);
    conduct.share = 0.5;
    times(10, () => expect(held(conduct, 'a@x', 0)).toBe(''));
    expect(held(conduct, 'a@x', 0)).toBe('partner-rate');
    expect(held(conduct, 'b@x', 100)).toBe('');
    expect(held(conduct, 'c@x', 200)).toBe('partner-contacts');
    conduct.suspect = true;
    expect(held(conduct, 'a@x', 10_000)).toBe('');
    expect(held(conduct, 'a@x', 11_900)).toBe('partner-rate');
    expect(held(conduct, 'a@x', 12_000)).toBe('');
    conduct.share = 0.01;
    conduct.contacts.clear();
    expect(held(conduct, 'a@x', 1_000_000)).toBe('');
    expect(held(conduct, 'b@x', 2_000_000)).toBe('partner-contacts');
  });

  it('answers that ask for more say nothing about it', () => {
    const conduct = newConduct(bounds, 0);
    for (const status of [100, 180, 302, 401, 407]) times(100, () => expect(noteFinal(conduct, status)).toBe(false));
    expect([conduct.good, conduct.bad]).toEqual([0, 0]);
  });

  it('never more than its burst and rate in any time, never more users than it may, whatever it does', () => {
    const step = fc.record({ wait: fc.nat(400), user: fc.integer({ min: 0, max: 9 }), status: fc.constantFrom(200, 404, 500) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const conduct = newConduct(bounds, 0);
        let now = 0;
        let passed = 0;
        for (const { wait, user, status } of steps) {
          now += wait;
          if (held(conduct, `u${user}@x`, now) !== '') continue;
          passed += 1;
          noteFinal(conduct, status);
        }
        expect(passed).toBeLessThanOrEqual(20 + (now * 20) / 1000);
        expect(conduct.contacts.size).toBeLessThanOrEqual(3);
      }),
    );
  });
});
