import { Door } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { linkKey, readDoor } from './door-card.js';

const proxy = { host: '192.0.2.1', port: 5061, names: ['sip.bolt.example'], priority: 1, weight: 1 };
const good: Door = {
  member: 'bolt',
  open: true,
  proxies: [proxy],
  pins: ['a'.repeat(64)],
  anchors: [],
  version: 3n,
  interface: '',
  acceptCommonName: false,
  lookup: '',
  stranger: false,
  domains: ['bolt.example'],
};

function read(changes: Partial<Door>) {
  return readDoor(Door.encode({ ...good, ...changes }).finish(), 'bolt');
}

describe('a door', () => {
  const bad: [why: string, changes: Partial<Door>][] = [
    ['of another member', { member: 'acme' }],
    ['with a proxy without host', { proxies: [{ ...proxy, host: '' }] }],
    ['with a host that is more than one', { proxies: [{ ...proxy, host: 'a b' }] }],
    ['with port 0', { proxies: [{ ...proxy, port: 0 }] }],
    ['with a port that is none', { proxies: [{ ...proxy, port: 65_536 }] }],
    ['with a name in upper case', { proxies: [{ ...proxy, names: ['SIP.bolt.example'] }] }],
    ['with a wildcard as name', { proxies: [{ ...proxy, names: ['*.bolt.example'] }] }],
    ['with a pin in upper case', { pins: ['A'.repeat(64)] }],
    ['with a pin too short', { pins: ['a'.repeat(63)] }],
    ['with an anchor that is no certificate', { anchors: ['nothing'] }],
    ['with too many proxies', { proxies: Array(17).fill(proxy) }],
  ];
  it.each(bad)('%s is not one', (_why, changes) => {
    expect(() => read(changes)).toThrow();
  });

  it('that is not open has no proxies, whatever it says', () => {
    expect(read({ open: false })).toMatchObject({ open: false, proxies: [], pins: [], anchors: [] });
  });

  it('keeps a link to the same place, asked for by the same name', () => {
    expect(linkKey({ ...proxy, priority: 9, weight: 9, names: [...proxy.names, 'bolt.example'] })).toBe(linkKey(proxy));
    for (const other of [{ port: 5062 }, { host: '192.0.2.2' }, { names: [] }, { names: ['bolt.example'] }]) {
      expect(linkKey({ ...proxy, ...other })).not.toBe(linkKey(proxy));
    }
  });
});
