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
  - { id: three, between: [zinc, acme], media: [video], bodyTypes: [image/*], bodyLarger: 1000, during: { days: [sat], from: "22:00", until: "06:30" },
      validFrom: 2026-01-01, validUntil: 2026-02-01, action: limit, limit: { requests: 5, per: minute, each: pair }, shadow: true }
  - { id: four, from: { user: Ada@acme.example }, to: { members: [zinc] }, during: {}, action: limit, limit: { requests: 5, burst: 9 } }
  - { id: five, from: { domain: acme.example }, to: { members: [] }, action: deny }
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
      { path: ['hub', 'trust', 'ca', 0], file: 'ca.crt', holds: 'certificates' },
      { path: ['hub', 'trust', 'ca', 1], file: 'old.crt', holds: 'certificates' },
      { path: ['members', 0, 'trust', 'ca', 0], file: 'zinc.crt', holds: 'certificates' },
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

/** What a rule has that says nothing. */
const plain = {
  pair: [],
  methods: [],
  events: [],
  media: [],
  bodyTypes: [],
  bodyLarger: 0n,
  validFrom: '',
  validUntil: '',
  shadow: false,
  reason: '',
};

describe('communityEntries', () => {
  const entries = communityEntries(file, texts);

  it('has the community with each authority once', () => {
    expect(entries.community).toEqual({
      id: 'guild',
      name: 'guild',
      model: 'limited-clearinghouse',
      domain: 'hub.example',
      anchors: [certificate('AAAA'), certificate('BBBB')],
      revocationLists: [],
      otherwise: 'allow',
      defaultRoute: '',
      listeners: [
        { name: 'members', host: '127.0.0.1', port: 5061, advertisedHost: '', advertisedPort: 0 },
        { name: 'inside', host: '127.0.0.2', port: 5061, advertisedHost: '', advertisedPort: 0 },
      ],
      certificateFile: 'hub.crt',
      keyFile: 'hub.key',
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
      revocationLists: [],
      statusUntil: '',
      lookup: '',
      dialect: 'standard',
      below: [],
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
        proposedBy: '',
        note: '',
      },
    ]);
  });

  it('has rules in their order', () => {
    expect(entries.rules).toEqual([
      {
        id: 'one',
        from: { who: { $case: 'group', value: 'mills' } },
        to: { who: { $case: 'member', value: 'acme' } },
        ...plain,
        methods: ['INVITE'],
        action: 'deny',
        reason: 'not yet',
        order: 0,
      },
      {
        id: 'two',
        from: { who: { $case: 'any', value: true } },
        to: { who: { $case: 'any', value: true } },
        ...plain,
        events: ['presence'],
        action: 'allow',
        order: 1,
      },
      {
        ...plain,
        id: 'three',
        pair: ['acme', 'zinc'],
        media: ['video'],
        bodyTypes: ['image/*'],
        bodyLarger: 1000n,
        during: { days: ['sat'], fromMinute: 1320, untilMinute: 390 },
        validFrom: '2026-01-01T00:00:00.000Z',
        validUntil: '2026-02-01T00:00:00.000Z',
        action: 'limit',
        limit: { requests: 5, perMs: 60_000, burst: 5, each: 'pair' },
        shadow: true,
        order: 2,
      },
      {
        ...plain,
        id: 'four',
        from: { who: { $case: 'user', value: 'Ada@acme.example' } },
        to: { who: { $case: 'members', value: { ids: ['zinc'] } } },
        during: { days: [], fromMinute: 0, untilMinute: 0 },
        action: 'limit',
        limit: { requests: 5, perMs: 1000, burst: 9, each: 'member' },
        order: 3,
      },
      {
        ...plain,
        id: 'five',
        from: { who: { $case: 'domain', value: 'acme.example' } },
        to: { who: { $case: 'members', value: { ids: [] } } },
        action: 'deny',
        order: 4,
      },
    ]);
  });

  it('survives the wire', () => {
    for (const member of entries.members) expect(Member.decode(Member.encode(member).finish())).toEqual(member);
    for (const rule of entries.rules) expect(Rule.decode(Rule.encode(rule).finish())).toEqual(rule);
  });
});
