import { TokenKeys } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { hubNames } from './hub.js';
import { recordRoute } from './record-route.js';
import { encodeRouteToken } from './route-token.js';
import { createTokenKeyRing } from './token-keys.js';

const key = (id: string, fill: number, length = 32) => ({ id, secret: Buffer.alloc(length, fill) });
const answer = (...keys: ReturnType<typeof key>[]) => TokenKeys.encode({ keys }).finish();
const dialog = { caller: 'acme', callee: 'bolt', usage: 'I' } as const;

describe('the key ring', () => {
  it('learns nothing from an answer without a usable key', () => {
    const ring = createTokenKeyRing();
    for (const one of [answer(), answer(key('k1', 1, 8)), answer(key('k.1', 1)), answer(key('', 1))]) expect(ring.learn(one)).toBe(false);
    expect(ring.newest()).toBe('');
    expect(encodeRouteToken({ keyId: '', ...dialog }, ring.mac)).toBeUndefined();
    expect(() => ring.learn(Buffer.from([0xff]))).toThrow();
  });

  it('signs with the newest, verifies with all, and no longer with one that was withdrawn', () => {
    const ring = createTokenKeyRing();
    ring.learn(answer(key('k1', 1)));
    const token = encodeRouteToken({ keyId: ring.newest(), ...dialog }, ring.mac) ?? '';
    expect(ring.read(token)).toMatchObject(dialog);
    ring.learn(answer(key('k2', 2), key('k1', 1)));
    expect(ring.newest()).toBe('k2');
    expect(ring.read(token)).toMatchObject(dialog);
    ring.learn(answer(key('k2', 2)));
    expect(ring.read(token)).toBe('unknown-key');
    ring.learn(answer(key('k2', 2), key('k1', 9)));
    expect(ring.read(token)).toBe('forged');
  });

  it('wants more after a token of a key it does not know, once', () => {
    const ring = createTokenKeyRing();
    ring.learn(answer(key('k1', 1)));
    ring.read('alice');
    ring.read('g1.k1.acme.bolt.I.AAAA');
    expect(ring.wantsMore()).toBe(false);
    ring.read('g1.k9.acme.bolt.I.AAAA');
    expect([ring.wantsMore(), ring.wantsMore()]).toEqual([true, false]);
  });

  it('writes the first 16 bytes of HMAC-SHA256, the same everywhere', () => {
    const [one, two] = [createTokenKeyRing(), createTokenKeyRing()];
    for (const ring of [one, two]) ring.learn(answer(key('k1', 0x0b, 20)));
    // RFC 4231, test case 1.
    expect(one.mac('k1', 'Hi There')).toBe(Buffer.from('b0344c61d8db38535ca8afceaf0bf12b', 'hex').toString('base64url'));
    expect(two.mac('k1', 'Hi There')).toBe(one.mac('k1', 'Hi There'));
  });
});

describe('a Record-Route', () => {
  const ring = createTokenKeyRing();
  ring.learn(answer(key('k1', 1)));
  const listener = (name: string, more = {}) => ({ name, host: '0.0.0.0', port: 0, ...more });
  const { interfaces } = hubNames('hub.example', [
    { config: listener('members'), port: 5061 },
    { config: listener('partners', { advertise: { host: '2001:DB8::1', port: 5071 } }), port: 41_000 },
  ]);
  const value = (more: object, keyId = 'k1') =>
    recordRoute({ ...dialog, secure: false, from: '', to: '', ...more }, interfaces, keyId, ring.mac);
  const token = encodeRouteToken({ keyId: 'k1', ...dialog }, ring.mac);

  it('is none without a key or an interface', () => {
    expect(value({}, 'k2')).toBeUndefined();
    expect(recordRoute({ ...dialog, secure: false, from: '', to: '' }, new Map(), 'k1', ring.mac)).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['names the first interface', {}, `<sip:${token}@hub.example:5061;transport=tls;lr>`],
    ['and for an unknown one', { from: 'x', to: 'y' }, `<sip:${token}@hub.example:5061;transport=tls;lr>`],
    ['is sips for sips', { secure: true }, `<sips:${token}@hub.example:5061;lr>`],
    ['is one within an interface', { from: 'partners', to: 'partners' }, `<sip:${token}@[2001:db8::1]:5071;transport=tls;lr>`],
    [
      'is two across, the far side on top (RFC 5658)',
      { from: 'members', to: 'partners' },
      `<sip:${token}@[2001:db8::1]:5071;transport=tls;lr>, <sip:${token}@hub.example:5061;transport=tls;lr>`,
    ],
  ])('%s', (_why, more, expected) => {
    expect(value(more)).toBe(expected);
  });
});

describe('the names of the hub', () => {
  const { isHere, viaHosts } = hubNames('hub.example', [
    { config: { name: 'a', host: '192.0.2.1', port: 0 }, port: 5061 },
    { config: { name: 'b', host: '::', port: 0, advertise: { host: 'Door.example' } }, port: 5071 },
  ]);
  it.each([
    ['192.0.2.1', 5062, false],
    ['0.0.0.0', 5061, false],
    ['[::]', 5071, false],
    ['door.example', 0, false],
    ['bolt.example', 5061, false],
    ['', 0, false],
    ['hub.example', 0, true],
    ['hub.example', 9999, true],
    ['192.0.2.1', 0, true],
    ['192.0.2.1', 5061, true],
    ['door.example', 5071, true],
  ])('%s:%i: %s', (host, port, here) => {
    expect(isHere(host, port)).toBe(here);
  });
  it('are those it writes into Vias', () => {
    expect([...viaHosts]).toEqual(['hub.example', '192.0.2.1', 'door.example']);
  });
});
