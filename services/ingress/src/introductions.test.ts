import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { Sighted } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { createIntroductions, introducing } from './introductions.js';
import type { Peer, PeerFacts } from './peer.js';
import { trustTable } from './trust.js';

const read = (pem: string) => [{ fingerprint: pem, pem }];
const trust = trustTable({ version: 1n, anchors: ['own'], members: [], discovery: { anchors: ['world'] } }, read, () => undefined);
const closed = (reason: Extract<Peer, { kind: 'closed' }>['reason']): Peer => ({ kind: 'closed', reason, detail: '' });
const unknown = closed('name-of-no-member');

const facts = (names: Partial<Pick<CertificateFacts, 'uris' | 'dnsNames'>>, anchors = ['world']): PeerFacts => ({
  certificate: {
    subject: '',
    issuer: '',
    uris: [],
    dnsNames: [],
    commonName: '',
    extendedKeyUsage: [],
    spkiSha256: '',
    validFrom: 0,
    validTo: 0,
    keyKind: 'ec',
    keyBits: 256,
    selfSigned: false,
    authorized: true,
    authorizationError: '',
    ...names,
  },
  vouching: { possible: anchors, sound: anchors },
  hasAlternativeNames: true,
  revoked: 'none',
  missingIssuer: '',
});
const far = facts({ dnsNames: ['far.test'] });

describe('who introduces itself', () => {
  it.each<[string, Peer, PeerFacts]>([
    ['a member', { kind: 'member', id: 'acme', via: 'dns', name: 'acme.example' }, far],
    ['one with another fault', closed('untrusted-authority'), far],
    ['one that is expired', closed('expired'), far],
    ['one vouched for by the community’s authority', unknown, facts({ dnsNames: ['far.test'] }, ['own'])],
    ['one whose chain is not sound', unknown, { ...far, vouching: { possible: ['world'], sound: [] } }],
    ['one without certificate', unknown, { ...far, certificate: undefined }],
    ['one whose names are no domains', unknown, facts({ dnsNames: ['*.far.test', '192.0.2.1', 'a b'] })],
  ])('not %s', (_who, peer, shown) => {
    expect(introducing(peer, shown, trust)).toEqual([]);
  });

  it('nobody, where discovery is off or nothing is known yet', () => {
    const off = trustTable({ version: 1n, anchors: ['world'], members: [] }, read, () => undefined);
    expect(introducing(unknown, far, off)).toEqual([]);
    expect(introducing(unknown, far, undefined)).toEqual([]);
  });

  it('by the hosts of its sip URIs, or else its DNS names, a bounded number', () => {
    expect(introducing(unknown, facts({ uris: ['sip:far.test'], dnsNames: ['sip.far.test'] }), trust)).toEqual(['far.test']);
    const many = Array.from({ length: 100 }, (_, at) => `d${at}.test`);
    expect(introducing(unknown, facts({ dnsNames: many }), trust)).toHaveLength(8);
  });
});

describe('introductions', () => {
  const stand = () => {
    let now = 0;
    const told: string[] = [];
    const publish = (subject: string, payload: Uint8Array) => {
      told.push(`${subject} ${Sighted.decode(payload).domains.join(' ')}`);
    };
    const introduce = createIntroductions(
      () => trust,
      { publish },
      () => now,
    );
    return {
      told,
      introduce,
      after(ms: number) {
        now += ms;
      },
    };
  };

  it('are told, once in a while', () => {
    const { told, introduce, after } = stand();
    expect(introduce(unknown, far)).toMatchObject({ kind: 'closed', reason: 'introduced' });
    introduce(unknown, far);
    after(4_999);
    introduce(unknown, far);
    expect(told).toEqual(['gh.v1.sighted far.test']);
    after(1);
    introduce(unknown, far);
    expect(told).toHaveLength(2);
  });

  it('leave everybody else as they are', () => {
    const { told, introduce } = stand();
    const expired = closed('expired');
    expect(introduce(expired, far)).toBe(expired);
    expect(told).toEqual([]);
  });

  it('are few a second, however many come', () => {
    const { told, introduce, after } = stand();
    for (let count = 0; count < 500; count += 1) introduce(unknown, facts({ dnsNames: [`d${count}.test`] }));
    expect(told).toHaveLength(20);
    after(1_000);
    introduce(unknown, facts({ dnsNames: ['later.test'] }));
    expect(told).toHaveLength(21);
  });
});
