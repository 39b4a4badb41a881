import { X509Certificate } from 'node:crypto';
import type { CloseReason } from '@guildhall/proto/reason';
import { describe, expect, it } from 'vitest';
import { type CertificateFacts, spkiSha256 } from './certificate.js';
import { distrust, type Expectation } from './distrust.js';
import { revocationTable } from './revocations.js';

/** Any certificate: its chain ends in itself when it is the anchor. What it says stands in `good`, not in it. */
const leaf = new X509Certificate(
  Buffer.from(
    'MIICWzCCAgGgAwIBAgIUEnOKTRBHEU4g82FMJ24TSO7POo8wCgYIKoZIzj0EAwIwDjEMMAoGA1UEAwwDbWlkMCAXDTI2MTEyMjEzMzEwNVoYDzIxMjYxMDI5MTMzMTA1WjArMRIwEAYDVQQKDAlBY21lLCBJbmMxFTATBgNVBAMMDGFjbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLJQAplGjaKt2hjVFVsHkhCe8WNF3QWK664boPZhkm4qvOrOWQOvg8/8xuQscW44uiFpZ81alI94+Eo01g+ICaGjggEcMIIBGDAMBgNVHRMBAf8EAjAAMCcGA1UdJQQgMB4GCCsGAQUFBwMBBggrBgEFBQcDAgYIKwYBBQUHAxQwgZ4GA1UdEQSBljCBk4YQc2lwOkFjbWUuRXhhbXBsZYYUc2lwOmJvYkBhY21lLmV4YW1wbGWGFGh0dHBzOi8vYWNtZS5leGFtcGxlghBTSVAuYWNtZS5leGFtcGxlgg4qLmFjbWUuZXhhbXBsZYIbYS5leGFtcGxlLCBETlM6Ym9sdC5leGFtcGxlhwTAAAIBgQ54QGJvbHQuZXhhbXBsZTAdBgNVHQ4EFgQUL5/J4uB8DgwdVVpwQcptX97GzuQwHwYDVR0jBBgwFoAUuPWbmJjkFQKksk37l6C/P3zTj64wCgYIKoZIzj0EAwIDSAAwRQIgLVB07iFqQSZNlg+pUjyNlhQBBUH6pdhHE1PLmfcDVRsCIQDnK2GeyAZyyzuQbiR0nGlWlDf1E+E2s/f/X9tozNZmxA==',
    'base64',
  ),
);
/** One without subject alternative names. */
const nameless = new X509Certificate(
  Buffer.from(
    'MIIBjTCCATOgAwIBAgIUPPswIaa4YlgTWiiRK1C74vUPz7MwCgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQc2lwLmFjbWUuZXhhbXBsZTAgFw0yNjExMjIxNDU0NDBaGA8yMTI2MTAyOTE0NTQ0MFowGzEZMBcGA1UEAwwQc2lwLmFjbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEnrhgDLajt5bPzHH8hsRq4TN/RLI1NZPzBzfSKhYKaoL8Jnu7IZywkBH4e2Z6MyP0uStVFjF30ozx644MfrYrqjUzBRMB0GA1UdDgQWBBTMdedGOgRFUcvkZZRhR/ZqxbHr6DAfBgNVHSMEGDAWgBTMdedGOgRFUcvkZZRhR/ZqxbHr6DAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDk3uLjWwWTBsXqbymeZT906Om8XhYJ1ztJHjwbvLZ7rwIgYDlCIpxGCey/GrJ16P2C0xzSoU/3QcMhQMLTg84VyDc=',
    'base64',
  ),
);
const at = 1_000_000;
const nothing = revocationTable(1n, []);
/** Its own number, on the list of this issuer's key. */
const revoked = (certificate: X509Certificate, issuer: X509Certificate) =>
  revocationTable(1n, [{ issuer: Buffer.from(spkiSha256(issuer), 'hex'), serials: [Buffer.from(certificate.serialNumber, 'hex')] }]);
const judging = { revocations: nothing, at, farEnd: 'server' } as const;

const good: CertificateFacts = {
  subject: 'CN=acme.example',
  issuer: 'CN=ca',
  uris: ['sip:acme.example'],
  dnsNames: ['sip.acme.example'],
  commonName: 'bolt.example',
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
  spkiSha256: 'a'.repeat(64),
  validFrom: at - 1,
  validTo: at + 1,
  keyKind: 'ec',
  keyBits: 256,
  selfSigned: false,
  authorized: true,
  authorizationError: '',
  chain: [leaf],
};
const expected: Expectation = {
  names: ['edge.acme.example', 'sip.acme.example'],
  pins: [],
  anchors: [leaf, nameless],
  acceptCommonName: false,
};
const pinned: Expectation = { names: [], pins: ['b'.repeat(64), 'a'.repeat(64)], anchors: [], acceptCommonName: false };
const tolerant: Expectation = { ...expected, acceptCommonName: true };
const alien: Expectation = { ...expected, anchors: [leaf] };
const onlyCommon = { uris: [], dnsNames: [], chain: [nameless] };
const failed = (authorizationError: string) => ({ authorized: false, authorizationError });

describe('the certificate of whoever is expected', () => {
  const cases: [reason: CloseReason | undefined, why: string, facts: Partial<CertificateFacts>, expectation: Expectation][] = [
    ['not-yet-valid', 'pinned or not', { validFrom: at + 1 }, pinned],
    ['expired', 'pinned or not', { validTo: at - 1 }, pinned],
    ['untrusted-authority', 'no name helps without an anchor', {}, { ...expected, anchors: [] }],
    ['not-for-servers', 'an error code is never tolerated', failed('INVALID_PURPOSE'), expected],
    ['untrusted-authority', 'a wrong purpose behind somebody else’s authority', { ...failed('INVALID_PURPOSE'), chain: [nameless] }, alien],
    [
      'untrusted-authority',
      'an authority that attached itself',
      { ...failed('SELF_SIGNED_CERT_IN_CHAIN'), chain: [leaf, nameless] },
      alien,
    ],
    ['untrusted-authority', 'self-signed', failed('DEPTH_ZERO_SELF_SIGNED_CERT'), expected],
    ['broken-chain', 'an intermediate is missing', failed('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), { ...expected, anchors: [nameless] }],
    ['revoked', 'says OpenSSL', failed('CERT_REVOKED'), expected],
    ['not-yet-valid', 'a date nobody can read', { validFrom: Number.NaN }, expected],
    ['weak-key', 'a curve of 192 bits', { keyBits: 192 }, expected],
    ['expired', 'somewhere in the chain', failed('CERT_HAS_EXPIRED'), expected],
    ['weak-key', 'RSA of 1024 bits', { keyKind: 'rsa', keyBits: 1024 }, expected],
    ['name-of-no-member', 'another member’s good certificate', { uris: ['sip:bolt.example'], dnsNames: ['sip.bolt.example'] }, expected],
    ['name-of-no-member', 'a user’s URI is no domain', { uris: ['sip:a@sip.acme.example'], dnsNames: [] }, expected],
    ['name-of-no-member', 'a longer name', { dnsNames: ['sip.acme.example.evil.example'] }, expected],
    ['wildcard-name', 'RFC 5922 7.2', { uris: [], dnsNames: ['*.acme.example'] }, expected],
    ['common-name-only', 'even the right one', { ...onlyCommon, commonName: 'sip.acme.example' }, expected],
    ['common-name-only', 'another one, though the operator accepts it', { ...onlyCommon, commonName: 'acme.example' }, tolerant],
    [
      'name-of-no-member',
      'the right one beside an IP address, which is a SAN',
      { ...onlyCommon, chain: [leaf], commonName: 'sip.acme.example' },
      tolerant,
    ],
    [
      'untrusted-authority',
      'another pin',
      { ...failed('SELF_SIGNED_CERT_IN_CHAIN'), chain: [leaf, nameless] },
      { ...pinned, pins: ['c'.repeat(64)] },
    ],
    [undefined, 'a DNS name', {}, expected],
    [undefined, 'a common name where the operator accepts it', { ...onlyCommon, commonName: 'SIP.acme.example' }, tolerant],
    [undefined, 'a sip URI in any letter case', { uris: ['SIP:Edge.Acme.Example'], dnsNames: [] }, expected],
    [undefined, 'RSA of 2048 bits', { keyKind: 'rsa', keyBits: 2048 }, expected],
    [undefined, 'pinned: neither chain nor name are asked', { ...failed('DEPTH_ZERO_SELF_SIGNED_CERT'), uris: [], dnsNames: [] }, pinned],
  ];
  it.each(cases)('%s: %s', (reason, _why, facts, expectation) => {
    expect(distrust({ ...good, ...facts }, expectation, judging)).toBe(reason);
  });

  it('must be there', () => {
    expect(distrust(undefined, pinned, judging)).toBe('no-certificate');
  });

  it('is not trusted before it is known what is revoked', () => {
    expect(distrust(good, expected, { ...judging, revocations: undefined })).toBe('trust-unknown');
    expect(distrust(good, pinned, { ...judging, revocations: undefined })).toBe('trust-unknown');
  });

  it('is not revoked: pinned or not', () => {
    const own = { ...good, chain: [nameless] };
    const list = { ...judging, revocations: revoked(nameless, nameless) };
    expect(distrust(own, expected, list)).toBe('revoked');
    expect(distrust(own, pinned, list)).toBe('revoked');
    expect(distrust(own, expected, { ...judging, revocations: revoked(nameless, leaf) })).not.toBe('revoked');
  });

  it('is a client’s, where it dialled', () => {
    expect(distrust({ ...good, ...failed('INVALID_PURPOSE') }, expected, { ...judging, farEnd: 'client' })).toBe('not-for-clients');
  });
});
