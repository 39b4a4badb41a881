import { describe, expect, it } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { doorOf } from './door.js';

const certificate = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

const membership = sampleMembership({
  members: `
    - { id: acme, domains: [acme.example, acme.test], interface: inside, pins: [${'ab'.repeat(32)}], trust: { ca: [acme.crt] },
        proxies: [{ host: 10.0.0.1, priority: 2 }, { host: sip.acme.example, port: 6061, weight: 9 }, { host: 10.0.0.3, name: edge.acme.example, weight: 10 }] }
    - { id: crane, domains: [crane.example] }
    - { id: dull, domains: [dull.example], status: suspended, proxies: [{ host: 10.0.0.4 }] }
  `,
  pem: new Map([
    ['ca.crt', certificate('CA')],
    ['acme.crt', certificate('ACME')],
  ]),
});

describe('doorOf', () => {
  it.each(['nobody', 'dull', '', '__proto__'])('is closed and empty for %j', (id) => {
    expect(doorOf(membership, id)).toEqual({
      member: id,
      open: false,
      proxies: [],
      pins: [],
      anchors: [],
      version: 7n,
      interface: '',
      acceptCommonName: false,
      lookup: '',
      stranger: false,
      domains: [],
    });
  });

  it('has proxies in the order of trying, with the names to expect', () => {
    expect(doorOf(membership, 'acme')).toEqual({
      member: 'acme',
      open: true,
      proxies: [
        { host: '10.0.0.3', port: 5061, names: ['edge.acme.example'], priority: 1, weight: 10 },
        { host: 'sip.acme.example', port: 6061, names: ['acme.example', 'acme.test', 'sip.acme.example'], priority: 1, weight: 9 },
        { host: '10.0.0.1', port: 5061, names: ['acme.example', 'acme.test'], priority: 2, weight: 1 },
      ],
      pins: ['ab'.repeat(32)],
      anchors: [certificate('CA'), certificate('ACME')],
      version: 7n,
      interface: 'inside',
      acceptCommonName: false,
      lookup: '',
      stranger: false,
      domains: ['acme.example', 'acme.test'],
    });
  });

  it('is open without proxies for a member that only dials out', () => {
    expect(doorOf(membership, 'crane')).toMatchObject({ open: true, proxies: [], anchors: [certificate('CA')] });
  });
});
