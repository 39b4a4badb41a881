import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { closeReasons } from '@guildhall/proto/reason';
import { describe, expect, it } from 'vitest';
import { createCounts } from './counts.js';
import { createEvents } from './events.js';
import type { PeerFacts } from './peer.js';

const certificate: CertificateFacts = {
  subject: 'O=Acme "Inc"\nCN=acme.example',
  issuer: 'CN=Steel\u202e Guild CA',
  uris: ['sip:acme.example'],
  dnsNames: ['sip.acme.example\nlevel=fatal'],
  commonName: 'acme.example',
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.20', '1.2.3.4'],
  spkiSha256: 'ab',
  validFrom: 0,
  validTo: Date.parse('2027-01-01T00:00:00Z'),
  keyKind: 'ec',
  keyBits: 256,
  selfSigned: false,
  authorized: false,
  authorizationError: 'CERT_HAS_EXPIRED',
  chain: [],
};
const facts: PeerFacts = {
  certificate,
  vouching: { possible: [], sound: [] },
  hasAlternativeNames: true,
  revoked: 'none',
  missingIssuer: '',
};

/** Events whose log lines are kept; `mayLog` as createEvents has it. */
function stage(mayLog = () => 1) {
  const lines: unknown[][] = [];
  const keep = (...line: unknown[]): void => {
    lines.push(line);
  };
  const counts = createCounts();
  return { lines, counts, events: createEvents({ info: keep, warn: keep, error: keep, debug: keep }, counts, mayLog) };
}

describe('a connection that is turned away', () => {
  it('is counted, and logged with subject, SANs, issuer and usages by name, nothing of it as it came', () => {
    const { lines, counts, events } = stage();
    events.turnedAway('expired', '192.0.2.1:4711', 'valid to yesterday', facts);
    expect(counts.closed.get('expired')).toBe(1);
    expect(lines).toEqual([
      [
        {
          reason: 'expired',
          source: '192.0.2.1:4711',
          detail: 'valid to yesterday',
          subject: 'O=Acme \\x22Inc\\x22, CN=acme.example',
          sans: 'URI:sip:acme.example DNS:sip.acme.example\\x0alevel=fatal',
          issuer: 'CN=Steel\\u202e Guild CA',
          eku: 'serverAuth sipDomain 1.2.3.4',
          validUntil: '2027-01-01T00:00:00.000Z',
          spki: 'ab',
          cure: closeReasons.expired.cure,
        },
        closeReasons.expired.about,
      ],
    ]);
  });

  it('is counted when the log is full, and the log says how many it left out', () => {
    const may = [0, 0, 3];
    const { lines, counts, events } = stage(() => may.shift() ?? 0);
    for (let time = 0; time < 3; time += 1) events.turnedAway('no-certificate', '192.0.2.1:1', '', undefined);
    expect(counts.closed.get('no-certificate')).toBe(3);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.[0]).toMatchObject({ unlogged: 2 });
  });
});
