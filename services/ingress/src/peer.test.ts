import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { MemberStatus } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { trustMember } from './neighbours.stage.js';
import { decidePeer, type PeerFacts } from './peer.js';
import { trustTable } from './trust.js';

const now = Date.parse('2026-06-01T00:00:00Z');
const trust = trustTable(
  {
    version: 3n,
    anchors: ['community'],
    members: [
      trustMember('acme', { names: ['acme.example', 'sip.acme.example', 'shared.example'], pins: ['pin-acme'], anchors: ['own-of-acme'] }),
      trustMember('bolt', { names: ['bolt.example', 'shared.example'], pins: ['pin-bolt', 'pin-both'], anchors: ['own-of-bolt'] }),
      trustMember('cliff', { status: MemberStatus.SUSPENDED, statusReason: 'fee "unpaid"', pins: ['pin-cliff'] }),
      trustMember('dune', { acceptCommonName: true, pins: ['pin-both'] }),
    ],
  },
  (pem) => [{ fingerprint: pem, pem }],
  () => undefined,
);

const leaf: CertificateFacts = {
  subject: 'CN=x',
  issuer: 'CN=Steel Guild CA',
  uris: ['sip:acme.example'],
  dnsNames: [],
  commonName: 'x',
  extendedKeyUsage: [],
  spkiSha256: 'nobody-pins-this',
  validFrom: now - 1000,
  validTo: now + 1000,
  keyKind: 'ec',
  keyBits: 256,
  selfSigned: false,
  authorized: true,
  authorizationError: '',
  chain: [],
};
const community = { possible: ['community'], sound: ['community'] };
const facts = (certificate: Partial<CertificateFacts>, rest: Partial<PeerFacts> = {}): PeerFacts => {
  const whole = { ...leaf, ...certificate };
  return {
    certificate: whole,
    vouching: community,
    hasAlternativeNames: whole.uris.length + whole.dnsNames.length > 0,
    revoked: 'none',
    missingIssuer: '',
    ...rest,
  };
};
const failed = (authorizationError: string) => ({ authorized: false, authorizationError });
const nobody = { vouching: { possible: [], sound: [] } };

describe('a peer that is not believed', () => {
  const refusals: readonly [why: string, facts: PeerFacts, reason: string, detail: RegExp | string][] = [
    ['without a certificate', { ...facts({}), certificate: undefined }, 'no-certificate', /./],
    ['from an unknown authority', facts(failed('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), nobody), 'untrusted-authority', /UNABLE_TO_VERIFY/],
    ['with its own authority attached', facts(failed('SELF_SIGNED_CERT_IN_CHAIN'), nobody), 'untrusted-authority', /SELF_SIGNED/],
    // Measured: an unknown authority that is attached shows like this for a certificate that is for servers only.
    ['from an unknown authority that hides behind a purpose', facts(failed('INVALID_PURPOSE'), nobody), 'untrusted-authority', /./],
    ['authorized, but by no anchor that can be found', facts({}, nobody), 'untrusted-authority', /may not vouch for acme/],
    ['for servers only', facts(failed('INVALID_PURPOSE')), 'not-for-clients', /INVALID_PURPOSE/],
    ['revoked, says OpenSSL', facts(failed('CERT_REVOKED')), 'revoked', /./],
    ['revoked', facts({}, { revoked: 'leaf' }), 'revoked', 'its authority has revoked it'],
    ['pinned and revoked', facts({ spkiSha256: 'pin-acme' }, { revoked: 'leaf' }), 'revoked', /./],
    ['of a revoked authority', facts({}, { revoked: 'between' }), 'revoked', /between/],
    ['while nobody knows what is revoked', facts({}, { revoked: 'unknown' }), 'trust-unknown', /revocation/],
    ['pinned, while nobody knows what is revoked', facts({ spkiSha256: 'pin-acme' }, { revoked: 'unknown' }), 'trust-unknown', /./],
    [
      'with a chain that breaks off',
      facts(failed('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), { ...nobody, missingIssuer: 'O=Acme\nCN="Issuing CA"' }),
      'broken-chain',
      'issuer O=Acme, CN=\\x22Issuing CA\\x22 was not sent (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    ],
    ['with a weak curve', facts({ keyBits: 192 }), 'weak-key', /192/],
    ['with a broken signature', facts(failed('CERT_SIGNATURE_FAILURE')), 'broken-chain', /./],
    ['with an error nobody knows', facts(failed('UNSPECIFIED')), 'untrusted-authority', /UNSPECIFIED/],
    ['unauthorized without saying why', facts(failed('')), 'untrusted-authority', /says no/],
    ['authorized and with an error all the same', facts({ authorizationError: 'CERT_REVOKED' }), 'revoked', /./],
    ['expired', facts({ validTo: now - 1 }), 'expired', /2026-05-31/],
    ['not yet valid', facts({ validFrom: now + 1 }), 'not-yet-valid', /2026-06-01/],
    ['with dates nobody can read', facts({ validFrom: Number.NaN }), 'not-yet-valid', /unreadable/],
    ['with an end nobody can read', facts({ validTo: Number.NaN }), 'expired', /unreadable/],
    ['with a weak key', facts({ keyKind: 'rsa', keyBits: 1024 }), 'weak-key', /1024/],
    ['with the name of nobody', facts({ uris: ['sip:evil.example'] }), 'name-of-no-member', 'carries sip:evil.example'],
    ['with a user in the URI', facts({ uris: ['sip:alice@acme.example'] }), 'name-of-no-member', /./],
    ['with the wrong scheme', facts({ uris: ['https://acme.example', 'sips:acme.example'] }), 'name-of-no-member', /./],
    ['with a name below a domain', facts({ uris: [], dnsNames: ['evil.acme.example'] }), 'name-of-no-member', /./],
    ['with a wildcard', facts({ uris: [], dnsNames: ['*.example'] }), 'wildcard-name', /\*\.example/],
    ['with a wildcard for nobody', facts({ uris: [], dnsNames: ['*.test'] }), 'name-of-no-member', /./],
    ['with two members in its URIs', facts({ uris: ['sip:acme.example', 'sip:bolt.example'] }), 'names-of-several-members', /acme, bolt/],
    ['with a name two members share', facts({ uris: [], dnsNames: ['shared.example'] }), 'names-of-several-members', /acme, bolt/],
    ['with a common name only', facts({ uris: [], commonName: 'acme.example' }), 'common-name-only', /acme\.example/],
    [
      'with a common name beside names of no use',
      facts({ uris: [], commonName: 'dune.example' }, { hasAlternativeNames: true }),
      'name-of-no-member',
      /./,
    ],
    ['of a suspended member', facts({ uris: ['sip:cliff.example'] }), 'member-not-active', 'cliff is suspended: fee \\x22unpaid\\x22'],
    [
      'pinned to a suspended member',
      facts({ ...failed('INVALID_PURPOSE'), spkiSha256: 'pin-cliff' }, nobody),
      'member-not-active',
      /cliff/,
    ],
    [
      'pinned to two members',
      facts({ ...failed('INVALID_PURPOSE'), spkiSha256: 'pin-both' }, nobody),
      'names-of-several-members',
      /bolt, dune/,
    ],
    ['pinned and expired', facts({ spkiSha256: 'pin-acme', validTo: now - 1 }), 'expired', /./],
    [
      "vouched for by another member's authority",
      facts({}, { vouching: { possible: ['own-of-bolt'], sound: ['own-of-bolt'] } }),
      'untrusted-authority',
      /acme/,
    ],
    [
      "which another member's authority could have vouched for too",
      facts({}, { vouching: { possible: ['community', 'own-of-bolt'], sound: ['community'] } }),
      'untrusted-authority',
      /acme/,
    ],
    ['with an authority between that may not be one', facts({}, { vouching: { possible: ['community'], sound: [] } }), 'broken-chain', /./],
  ];
  it.each(refusals)('%s', (_why, given, reason, detail) => {
    const peer = decidePeer(given, trust, now);
    expect(peer).toMatchObject({ kind: 'closed', reason });
    if (peer.kind === 'closed') expect(peer.detail).toMatch(detail);
  });

  it('before the membership is known', () => {
    expect(decidePeer(facts({}), undefined, now)).toMatchObject({ kind: 'closed', reason: 'trust-unknown' });
  });
});

describe('a peer that is believed', () => {
  const accepted: readonly [why: string, facts: PeerFacts, id: string, via: string, name: string][] = [
    ['by its SIP URI, whatever its letter case', facts({ uris: ['SIP:ACME.Example'] }), 'acme', 'uri', 'acme.example'],
    ['by its SIP URI first', facts({ uris: ['sip:acme.example'], dnsNames: ['shared.example'] }), 'acme', 'uri', 'acme.example'],
    ['by a DNS name', facts({ uris: [], dnsNames: ['other.test', 'SIP.acme.example'] }), 'acme', 'dns', 'sip.acme.example'],
    [
      'by a DNS name beside a URI of no use',
      facts({ uris: ['https://x.test'], dnsNames: ['bolt.example'] }),
      'bolt',
      'dns',
      'bolt.example',
    ],
    [
      'by its common name where the operator said so',
      facts({ uris: [], commonName: 'Dune.example' }),
      'dune',
      'common-name',
      'dune.example',
    ],
    ['by its own authority', facts({}, { vouching: { possible: ['own-of-acme'], sound: ['own-of-acme'] } }), 'acme', 'uri', 'acme.example'],
    ['by both', facts({}, { vouching: { possible: ['own-of-acme', 'community'], sound: ['community'] } }), 'acme', 'uri', 'acme.example'],
    [
      'by its pin, whoever issued it and whatever for',
      facts({ ...failed('INVALID_PURPOSE'), spkiSha256: 'pin-acme', uris: [] }, nobody),
      'acme',
      'pin',
      'the pinned key',
    ],
    [
      'by its pin, whatever became of its authority',
      facts({ spkiSha256: 'pin-acme' }, { revoked: 'between' }),
      'acme',
      'pin',
      'the pinned key',
    ],
    [
      'by its pin, whatever its names',
      facts({ ...failed('INVALID_PURPOSE'), spkiSha256: 'pin-bolt', uris: ['sip:acme.example'] }, nobody),
      'bolt',
      'pin',
      'the pinned key',
    ],
    [
      'by its authority, though another member pins its key',
      facts({ spkiSha256: 'pin-bolt', uris: ['sip:acme.example'] }),
      'acme',
      'uri',
      'acme.example',
    ],
    ['by its pin, where its authority says the same', facts({ spkiSha256: 'pin-acme' }), 'acme', 'pin', 'the pinned key'],
  ];
  it.each(accepted)('%s', (_why, given, id, via, name) => {
    expect(decidePeer(given, trust, now)).toEqual({ kind: 'member', id, via, name });
  });
});
