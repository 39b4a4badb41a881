import { describe, expect, it } from 'vitest';
import { reasonOfCode, weakness } from './certificate-reason.js';

describe('a code of OpenSSL', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'expired'],
    ['CERT_NOT_YET_VALID', 'not-yet-valid'],
    ['CERT_REVOKED', 'revoked'],
    ['EE_KEY_TOO_SMALL', 'weak-key'],
    ['PATH_LENGTH_EXCEEDED', 'broken-chain'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'broken-chain'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted-authority'],
    ['toString', 'untrusted-authority'],
    ['', 'untrusted-authority'],
  ])('%s is %s', (code, reason) => {
    expect(reasonOfCode(code, 'client')).toBe(reason);
    expect(reasonOfCode(code, 'server')).toBe(reason);
  });

  it('of a wrong purpose depends on who dialled', () => {
    expect(reasonOfCode('INVALID_PURPOSE', 'client')).toBe('not-for-clients');
    expect(reasonOfCode('INVALID_PURPOSE', 'server')).toBe('not-for-servers');
  });
});

describe('a key', () => {
  it.each([
    ['rsa', 1024, 'RSA of 1024 bits'],
    ['rsa', 2047, 'RSA of 2047 bits'],
    ['rsa-pss', 1024, 'RSA of 1024 bits'],
    ['ec', 192, 'a curve of 192 bits'],
    ['dsa', 2048, 'DSA'],
    ['rsa', 2048, ''],
    ['ec', 256, ''],
    ['ed25519', 0, ''],
  ])('%s of %i bits: "%s"', (kind, bits, why) => {
    expect(weakness(kind, bits)).toBe(why);
  });
});
