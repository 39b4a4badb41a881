import { Presence } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import { describe, expect, it } from 'vitest';
import { createPresenceTable } from './presence.js';

function say(ingress: string, epoch: string, full: boolean, connected: string[], left: string[] = []): Uint8Array {
  return Presence.encode({ ingress, epoch, full, connected, left }).finish();
}

function table(alive: Record<string, string> = { i1: 'e1', i2: 'e1' }) {
  return createPresenceTable({ members: 3, ingresses: 2 }, (ingress, epoch) => alive[ingress] === epoch);
}

describe('who is connected where', () => {
  const bad: [why: string, payload: Uint8Array][] = [
    ['an ingress id with a dot', say('a.b', 'e1', true, [])],
    ['a member id with a space', say('i1', 'e1', true, ['a b'])],
    ['no epoch', say('i1', '', true, ['a'])],
    ['more members than there may be', say('i1', 'e1', true, ['a', 'b', 'c', 'd'])],
    ['no Presence', Uint8Array.of(0xff, 0xff)],
  ];
  it.each(bad)('is not learned from %s', (_why, payload) => {
    expect(table().take(payload)).toBeUndefined();
  });

  it('is not learned from more ingresses than there may be', () => {
    const presence = table({ i1: 'e1', i2: 'e1', i3: 'e1' });
    presence.take(say('i1', 'e1', true, ['a']));
    presence.take(say('i2', 'e1', true, ['a']));
    expect(presence.take(say('i3', 'e1', true, ['a']))).toBeUndefined();
  });

  it('follows deltas, and a full list replaces them', () => {
    const presence = table();
    expect(presence.take(say('i2', 'e1', false, ['a', 'b']))?.touched).toEqual(['a', 'b']);
    expect(presence.take(say('i1', 'e1', false, ['a']))?.touched).toEqual(['a']);
    expect(presence.of('a')).toEqual(['i1', 'i2']);
    expect(presence.take(say('i2', 'e1', false, ['c'], ['a', 'z']))?.touched).toEqual(['c', 'a']);
    expect(presence.of('a')).toEqual(['i1']);
    expect(presence.take(say('i2', 'e1', true, ['c']))?.touched).toEqual(['b']);
    expect(presence.take(say('i2', 'e1', true, ['c']))?.touched).toEqual([]);
    expect(presence.heldBy('i2')).toEqual(['c']);
  });

  it('tells of a delta that names whom it knows: that member lost a connection there and has another', () => {
    const presence = table();
    const renewed = (payload: Uint8Array) => presence.take(payload)?.renewed;
    expect(renewed(say('i1', 'e1', false, ['a']))).toEqual([]);
    expect(renewed(say('i1', 'e1', false, ['a', 'b']))).toEqual(['a']);
    expect(renewed(say('i1', 'e1', true, ['a', 'b']))).toEqual([]);
    expect(renewed(say('i1', 'e1', false, ['a'], ['a']))).toEqual([]);
    expect(presence.take(say('i1', 'e2', false, ['b']))).toEqual({ ingress: 'i1', touched: ['b'], renewed: [] });
  });

  it('knows nobody of another incarnation', () => {
    const alive = { i1: 'e1' };
    const presence = table(alive);
    presence.take(say('i1', 'e1', true, ['a', 'b']));
    alive.i1 = 'e2';
    expect(presence.of('a')).toEqual([]);
    expect(presence.take(say('i1', 'e2', false, ['b']))?.touched).toEqual(['b', 'a']);
    expect([presence.of('a'), presence.of('b')]).toEqual([[], ['i1']]);
  });

  it('remembers an ingress that was away for a moment until it is pruned', () => {
    const alive: Record<string, string> = { i1: 'e1' };
    const presence = table(alive);
    presence.take(say('i1', 'e1', true, ['a']));
    delete alive['i1'];
    expect(presence.of('a')).toEqual([]);
    presence.prune(new Set(['i1']));
    alive['i1'] = 'e1';
    expect(presence.of('a')).toEqual(['i1']);
    delete alive['i1'];
    presence.prune(new Set());
    expect(presence.heldBy('i1')).toEqual([]);
  });
});
