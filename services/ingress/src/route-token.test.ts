import { describe, expect, it } from 'vitest';
import { decodeRouteToken, encodeRouteToken, type Mac, usageMethod, usageOf } from './route-token.js';

/** Stands in for HMAC: any function of key and text that a test can follow. */
const mac: Mac = (keyId, text) => {
  if (keyId !== 'k1' && keyId !== 'k2') return undefined;
  let sum = 7;
  for (const c of `${keyId}${text}`) sum = (sum * 31 + c.charCodeAt(0)) >>> 0;
  return sum.toString(36).padStart(22, '_');
};

const good = encodeRouteToken({ keyId: 'k1', caller: 'acme', callee: 'bolt', usage: 'I' }, mac) ?? '';

describe('a route token', () => {
  it.each([
    ['', 'shape'],
    ['alice', 'shape'],
    ['g1.k1.acme.bolt.I', 'shape'],
    [good.replace('g1', 'g2'), 'shape'],
    [`${good}.x`, 'shape'],
    [good.replace('.acme.', '..'), 'shape'],
    [good.replace('.I.', '.toString.'), 'shape'],
    [good.replace('.I.', '.Z.'), 'shape'],
    ['g1.k1.acme.bolt.I.'.padEnd(300, 'x'), 'shape'],
    [good.replace('.k1.', '.k9.'), 'unknown-key'],
    [good.replace('.k1.', '.k2.'), 'forged'],
    [good.replace('.acme.', '.cliff.'), 'forged'],
    [good.replace('.bolt.', '.cliff.'), 'forged'],
    [good.replace('.I.', '.S.'), 'forged'],
    [good.slice(0, -1), 'forged'],
    [`${good.slice(0, -1)}~`, 'forged'],
  ])('refuses %s as %s', (text, fault) => {
    expect(decodeRouteToken(text, mac)).toBe(fault);
  });

  it('is not written with a key nobody has', () => {
    expect(encodeRouteToken({ keyId: 'k9', caller: 'acme', callee: 'bolt', usage: 'I' }, mac)).toBeUndefined();
  });

  it('reads back what was written, and fits a SIP user part', () => {
    for (const usage of ['I', 'S', 'N', 'R', 'X'] as const) {
      const token = { keyId: 'k2', caller: 'a-1', callee: 'b2', usage };
      const text = encodeRouteToken(token, mac) ?? '';
      expect(decodeRouteToken(text, mac)).toEqual(token);
      expect(text).toMatch(/^[A-Za-z0-9._-]+$/);
    }
  });
});

describe('the usage of a dialog', () => {
  it.each([
    ['I', 'BYE', 'INVITE'],
    ['I', 'ACK', 'INVITE'],
    ['I', 'INFO', 'INVITE'],
    ['I', 'MESSAGE', ''],
    ['I', 'REFER', ''],
    ['S', 'NOTIFY', 'SUBSCRIBE'],
    ['S', 'BYE', ''],
    ['N', 'SUBSCRIBE', 'NOTIFY'],
    ['R', 'NOTIFY', 'REFER'],
    ['X', 'FROB', ''],
  ] as const)('%s asks about %s as "%s"', (usage, method, asked) => {
    expect(usageMethod(usage, method)).toBe(asked);
  });

  it.each([
    ['MESSAGE', undefined],
    ['OPTIONS', undefined],
    ['PUBLISH', undefined],
    ['BYE', undefined],
    ['INVITE', 'I'],
    ['SUBSCRIBE', 'S'],
    ['NOTIFY', 'N'],
    ['REFER', 'R'],
    ['FROB', 'X'],
    ['toString', 'X'],
  ])('%s opens %s', (method, usage) => {
    expect(usageOf(method)).toBe(usage);
  });
});
