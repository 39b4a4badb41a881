import { describe, expect, it } from 'vitest';
import { Member, Rule } from '../gen/guildhall/admin/v1/membership.js';
import { authorityFiles, communityEntries, splitCertificates } from './entries.js';
import { readCommunity } from './file.js';

const certificate = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

const file = readCommunity(
  `community: { id: guild, model: limited-clearinghouse }
hub:
  domain: hub.example
  listeners: [{ name: members, host: 127.0.0.1 }, { name: inside, host: 127.0.0.2 }]
  certificate: { cert: hub.crt, key: hub.key }
  trust: { ca: [ca.crt, old.crt] }
members:
  - { id: zinc, name: Zinc Inc, domains: [zinc.example], groups: [mills], trust: { ca: [zinc.crt] }, interface: inside, pins: [${'ab'.repeat(32)}],
      proxies: [{ host: 10.0.0.1, port: 6061, name: sip.zinc.example, priority: 2, weight: 3 }], acceptCommonName: true }
  - { id: acme, domains: [acme.example], status: suspended, statusReason: no fee }
agreements: [{ members: [zinc, acme], validFrom: 2026-01-01, validUntil: 2026-12-31T01:00:00+01:00 }]
rules:
  - { id: one, from: { group: mills }, to: { member: acme }, methods: [INVITE], action: deny, reason: not yet }
  - { id: two, from: { any: true }, to: { any: true }, events: [presence], action: allow }
`,
  'guild.yaml',
);

const texts = new Map([
  ['ca.crt', `# ours\n${certificate('AAAA')}and\r\n${certificate('BBBB').replaceAll('\n', '\r\n')}`],
  ['old.crt', certificate('AAAA')],
  ['zinc.crt', certificate('CCCC')],
]);

describe('authorityFiles', () => {
  it('names every file and where', () => {
    expect(authorityFiles(file)).toEqual([
      { path: ['hub', 'trust', 'ca', 0], file: 'ca.crt' },
      { path: ['hub', 'trust', 'ca', 1], file: 'old.crt' },
      { path: ['members', 0, 'trust', 'ca', 0], file: 'zinc.crt' },
    ]);
  });
});

describe('splitCertificates', () => {
  it.each([
    ['', []],
    ['no certificate', []],
    ['-----BEGIN CERTIFICATE-----\nAAAA', []],
    ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', []],
    [`${certificate('A')}${certificate('B')}`, [certificate('A'), certificate('B')]],
    [`x${certificate('A')}y`, [certificate('A')]],
  ])('of %j', (text, parts) => {
    expect(splitCertificates(text)).toEqual(parts);
  });
});

describe('communityEntries', () => {
  const entries = communityEntries(file, texts);

  it('has the community with each authority once', () => {
    expect(entries.community).toEqual({
      id: 'guild',
      name: 'guild',
      model: 'limited-clearinghouse',
      domain: 'hub.example',
      anchors: [certificate('AAAA'), certificate('BBBB')],
    });
  });

  it('has members as they are written', () => {
    expect(entries.members[0]).toEqual({
      id: 'zinc',
      name: 'Zinc Inc',
      role: 'member',
      status: 'active',
      statusReason: '',
      domains: ['zinc.example'],
      groups: ['mills'],
      proxies: [{ host: '10.0.0.1', port: 6061, name: 'sip.zinc.example', priority: 2, weight: 3 }],
      anchors: [certificate('CCCC')],
      pins: ['ab'.repeat(32)],
      acceptCommonName: true,
      interface: 'inside',
    });
    expect(entries.members[1]).toMatchObject({
      id: 'acme',
      name: 'acme',
      status: 'suspended',
      statusReason: 'no fee',
      anchors: [],
      proxies: [],
      interface: '',
    });
  });

  it('has agreements sorted, accepted by both, in UTC', () => {
    expect(entries.agreements).toEqual([
      {
        first: 'acme',
        second: 'zinc',
        mode: 'relay',
        acceptedBy: ['acme', 'zinc'],
        validFrom: '2026-01-01T00:00:00.000Z',
        validUntil: '2026-12-31T00:00:00.000Z',
      },
    ]);
  });

  it('has rules in their order', () => {
    expect(entries.rules).toEqual([
      {
        id: 'one',
        from: { who: { $case: 'group', value: 'mills' } },
        to: { who: { $case: 'member', value: 'acme' } },
        methods: ['INVITE'],
        events: [],
        action: 'deny',
        reason: 'not yet',
        order: 0,
      },
      {
        id: 'two',
        from: { who: { $case: 'any', value: true } },
        to: { who: { $case: 'any', value: true } },
        methods: [],
        events: ['presence'],
        action: 'allow',
        reason: '',
        order: 1,
      },
    ]);
  });

  it('survives the wire', () => {
    for (const member of entries.members) expect(Member.decode(Member.encode(member).finish())).toEqual(member);
    for (const rule of entries.rules) expect(Rule.decode(Rule.encode(rule).finish())).toEqual(rule);
  });
});
