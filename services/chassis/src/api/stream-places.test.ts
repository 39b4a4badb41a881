import { describe, expect, it } from 'vitest';
import type { Caller } from './caller.js';
import { createStreamPlaces } from './stream-places.js';

const as = (scope: Caller['scope'], by: string, member = ''): Caller => ({ scope, member, by, source: '192.0.2.1:5' });

describe('there is no place', () => {
  it('for the same credentials beyond their part, whatever address they come from', () => {
    const places = createStreamPlaces(10, 2);
    const one = as('dashboard', 'token a');
    expect([places.enter(one), places.enter({ ...one, source: '192.0.2.2:6' })]).not.toContain(undefined);
    expect(places.enter(one)).toBeUndefined();
    expect(places.enter(as('dashboard', 'token b'))).toBeDefined();
  });

  it('for a member beyond a quarter, whatever its credentials', () => {
    const places = createStreamPlaces(8);
    expect(places.enter(as('member', 'token a', 'acme'))).toBeDefined();
    expect(places.enter(as('member', 'token b', 'acme'))).toBeDefined();
    expect(places.enter(as('member', 'token c', 'acme'))).toBeUndefined();
    expect(places.enter(as('member', 'token d', 'bolt'))).toBeDefined();
  });

  it('for anybody when all are taken, until one is given back; twice gives back one', () => {
    const places = createStreamPlaces(2);
    const leave = places.enter(as('operator', 'a'));
    places.enter(as('operator', 'b'));
    expect(places.enter(as('operator', 'c'))).toBeUndefined();
    leave?.();
    leave?.();
    expect(places.enter(as('operator', 'c'))).toBeDefined();
    expect(places.enter(as('operator', 'd'))).toBeUndefined();
  });
});
