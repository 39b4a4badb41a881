import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { describe, expect, it } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { certificateJudge } from './client-certificate.js';

const membership = sampleMembership({ members: '[{ id: acme, domains: [acme.example] }]' });
const judge = certificateJudge({ membership: () => membership, operators: new Set(), revoked: () => undefined, wall: () => 5 });
const facts: CertificateFacts = {
  subject: 'CN=acme.example',
  issuer: 'CN=Guild',
  uris: ['sip:acme.example'],
  dnsNames: [],
  commonName: 'acme.example',
  extendedKeyUsage: [],
  spkiSha256: 'ab',
  validFrom: 0,
  validTo: 10,
  keyKind: 'ec',
  keyBits: 256,
  selfSigned: false,
  authorized: true,
  authorizationError: '',
  chain: [],
};

describe('a client certificate', () => {
  it.each([
    ['rsa', 1024, 'RSA of 1024 bits'],
    ['rsa-pss', 2047, 'RSA of 2047 bits'],
    ['ec', 192, 'a curve of 192 bits'],
    ['dsa', 2048, 'DSA'],
  ])('of a %s key of %i bits is nobody’s, as at the SIP door', (keyKind, keyBits, why) => {
    expect(judge({ ...facts, keyKind, keyBits })).toEqual({ kind: 'nobody', why: `its key is too weak (${why})` });
  });

  it('whose time cannot be read is nobody’s', () => {
    for (const broken of [{ validFrom: Number.NaN }, { validTo: Number.NaN }, { validFrom: 6 }, { validTo: 4 }]) {
      expect(judge({ ...facts, ...broken })).toEqual({ kind: 'nobody', why: 'it is out of date' });
    }
  });

  it('that OpenSSL did not authorize is nobody’s, and it is told why', () => {
    expect(judge({ ...facts, authorized: false, authorizationError: 'INVALID_PURPOSE' })).toMatchObject({
      kind: 'nobody',
      why: expect.stringContaining('INVALID_PURPOSE'),
    });
  });
});
