import { describe, expect, it } from 'vitest';
import { decide } from '../decision/decide.js';
import { sampleMembership } from '../decision/sample-membership.js';
import { entryKey, type StoredEntry } from '../membership/bucket-entry.js';
import { discoveredEntries, discoveredId, discoveredMember, givesWay } from './discovered-member.js';
import { mayBeMet, soughtDomain } from './discovery-candidate.js';

const members = `
  - { id: acme, domains: [acme.example] }
  - { id: dull, domains: [dull.example], status: suspended }
  - { id: south, domains: [south.example], role: clearinghouse }
  - { id: met, domains: [met.test], role: discovered, lookup: met.test }
`;
const community = 'discovery: { trust: { ca: [world.crt] } }';
const membership = sampleMembership({ members, community });

describe('which domains may be met', () => {
  it.each([
    '',
    'test',
    'hub.example',
    'sub.hub.example',
    'acme.example',
    'sub.acme.example',
    'x.met.test',
    '192.0.2.1',
    '*.far.test',
    'Far.test',
    'far.test.',
    `${'a.'.repeat(100)}far.test`,
  ])('not %s', (domain) => {
    expect(mayBeMet(membership, domain)).toBe(false);
  });

  it('others, if the community wants it', () => {
    expect(mayBeMet(membership, 'far.test')).toBe(true);
    expect(mayBeMet(sampleMembership({ members }), 'far.test')).toBe(false);
  });

  it.each<[string, string, string, string | undefined]>([
    ['a member', 'acme acme.example', 'far.test', 'far.test'],
    ['a member that is not active', 'dull dull.example', 'far.test', undefined],
    ['nobody', 'gone gone.example', 'far.test', undefined],
    ['another clearinghouse', 'south elsewhere.test', 'far.test', undefined],
    ['a discovered partner', 'met met.test', 'far.test', undefined],
    ['a member, to somebody known', 'acme acme.example', 'met.test', undefined],
    ['a member that lies', 'acme other.example', 'far.test', undefined],
  ])('%s makes the hub look', (_who, sender, value, sought) => {
    const [peer = '', fromDomain = ''] = sender.split(' ');
    const ask = { peer, fromDomain, target: { $case: 'toDomain' as const, value }, method: 'MESSAGE', event: '' };
    expect(soughtDomain(membership, ask, decide(membership, ask, 0))).toBe(sought);
  });
});

describe('the entry of a partner that was met', () => {
  it.each(['far.test', 'a-b.test', `${'long.'.repeat(30)}test`, 'xn--bcher-kva.test'])('%s has an id of its own', (domain) => {
    expect(discoveredId(domain)).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
    expect(discoveredId(domain)).not.toBe(discoveredId(`x${domain}`));
  });

  it('differs for domains that look alike in an id', () => {
    expect(discoveredId('a.b.test')).not.toBe(discoveredId('a-b.test'));
  });

  const hour = 3_600_000;
  const entry = (domain: string, revision: number, who: string, age: number, status = 'active'): StoredEntry => {
    const body = { $case: 'member' as const, value: { ...discoveredMember(domain), status } };
    return { key: entryKey(body), body, revision, by: { who, when: new Date(10 * hour - age).toISOString(), why: '', change: '' } };
  };

  it('gives way when it is the oldest that nobody touched, and not too young', () => {
    const entries = [
      entry('young.test', 5, 'discovery', hour / 2),
      entry('old.test', 4, 'discovery', 3 * hour),
      entry('blocked.test', 1, 'discovery', 5 * hour, 'suspended'),
      entry('touched.test', 2, 'operator', 4 * hour),
    ];
    const byAge = discoveredEntries(entries);
    expect(byAge.map(({ revision }) => revision)).toEqual([1, 2, 4, 5]);
    expect(givesWay(byAge, 'discovery', hour, 10 * hour)?.revision).toBe(4);
    expect(givesWay(byAge, 'discovery', 4 * hour, 10 * hour)).toBeUndefined();
  });
});
