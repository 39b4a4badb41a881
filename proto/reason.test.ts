import { describe, expect, it } from 'vitest';
import { closeReasons, isReasonCode, reasons } from './reason.js';

describe('the reason table', () => {
  it('knows its own codes and nothing inherited', () => {
    expect(Object.keys(reasons).every(isReasonCode)).toBe(true);
    for (const text of ['', 'toString', '__proto__', 'constructor', 'FROM-NOT-YOURS']) expect(isReasonCode(text)).toBe(false);
  });

  it('never answers 408, which a proxy may not send to a non-INVITE (RFC 4320)', () => {
    const statuses: number[] = Object.values(reasons).map((reason) => reason.status);
    expect(statuses).not.toContain(408);
  });

  it('gives every refusal a number of the SIP stack, and a cure', () => {
    for (const [code, { status, diagnostics, about, cure }] of Object.entries(reasons)) {
      expect([code, status === 0 || (status >= 300 && status < 600)]).toEqual([code, true]);
      expect([code, diagnostics === 0 ? status < 400 || code === 'cancelled' : diagnostics >= 1000 && diagnostics < 2000]).toEqual([
        code,
        true,
      ]);
      expect([code, about.endsWith('.'), cure.length > 10, cure.endsWith('.')]).toEqual([code, true, true, false]);
    }
  });

  it('keeps the status of every code that was given out', () => {
    const given = {
      'bad-message': 400,
      'message-too-large': 513,
      'unsupported-scheme': 416,
      'too-many-hops': 483,
      loop: 482,
      'extension-required': 420,
      'from-not-yours': 403,
      'asserted-identity-not-yours': 403,
      'foreign-route': 403,
      'bad-route-token': 403,
      'no-such-transaction': 481,
      'rate-limit': 503,
      'in-flight-limit': 503,
      'partner-rate': 480,
      'partner-contacts': 403,
      allowed: 0,
      'direct-partner': 302,
      'unknown-domain': 404,
      'unknown-peer': 403,
      'peer-not-active': 403,
      'target-not-active': 403,
      'denied-by-rule': 403,
      'not-allowed': 403,
      'over-limit': 480,
      'not-a-partner': 403,
      'no-answer': 504,
      'member-unreachable': 500,
      'member-overloaded': 500,
      'member-untrusted': 500,
      'member-queue-full': 500,
      'member-not-located': 500,
      cancelled: 487,
      'bad-gateway': 502,
      'hub-unavailable': 503,
      'hub-overloaded': 503,
      'hub-draining': 503,
    };
    // A new one is added here, and stands for ever.
    expect(Object.fromEntries(Object.entries(reasons).map(([code, { status }]) => [code, status]))).toEqual(given);
  });

  it('keeps every reason for which a connection was closed', () => {
    expect(Object.keys(closeReasons).toSorted()).toEqual([
      'broken-chain',
      'common-name-only',
      'expired',
      'handshake-failed',
      'handshake-timeout',
      'introduced',
      'member-not-active',
      'name-of-no-member',
      'names-of-several-members',
      'no-certificate',
      'not-for-clients',
      'not-for-servers',
      'not-yet-valid',
      'revoked',
      'too-many-connections',
      'too-many-handshakes',
      'trust-unknown',
      'untrusted-authority',
      'weak-key',
      'wildcard-name',
    ]);
  });
});
