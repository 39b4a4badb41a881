import type { CommunityEntries } from '@guildhall/proto/community/entries';
import { communityEntries } from '@guildhall/proto/community/entries';
import { readCommunity } from '@guildhall/proto/community/file';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCommunity } from './community-check.js';
import { createCommunityCheck } from './remembering-check.js';

const entries: CommunityEntries = communityEntries(
  readCommunity(
    `community: { id: guild, model: limited-clearinghouse }
hub: { domain: hub.test, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: {} }
members:
  - { id: acme, domains: [acme.test], groups: [g] }
  - { id: bolt, domains: [bolt.test], proxies: [{ host: sip.bolt.test }] }
  - { id: crow, domains: [crow.test], status: suspended, statusReason: late }
agreements: [{ members: [acme, bolt] }]
rules: [{ id: no-calls, from: { group: g }, to: { any: true }, methods: [INVITE], action: deny }]
`,
    'guild.yaml',
  ),
  new Map(),
);

/** One change each; some make an entry unsound by itself, some make two contradict each other. */
const changes: readonly ((from: CommunityEntries) => CommunityEntries)[] = [
  (from) => ({ ...from, members: from.members.map((one) => (one.id === 'bolt' ? { ...one, domains: ['acme.test'] } : one)) }),
  (from) => ({ ...from, members: from.members.map((one) => (one.id === 'bolt' ? { ...one, domains: ['bolt.test'] } : one)) }),
  (from) => ({ ...from, members: from.members.map((one) => (one.id === 'crow' ? { ...one, domains: ['NOT a domain'] } : one)) }),
  (from) => ({ ...from, members: from.members.map((one) => (one.id === 'crow' ? { ...one, domains: ['crow.test'] } : one)) }),
  (from) => ({ ...from, members: from.members.filter(({ id }) => id !== 'acme') }),
  (from) => ({ ...from, members: [...entries.members] }),
  (from) => ({ ...from, agreements: from.agreements.map((one) => ({ ...one, mode: 'teleport' })) }),
  (from) => ({ ...from, agreements: [...entries.agreements] }),
  (from) => ({ ...from, rules: from.rules.map((one) => ({ ...one, methods: ['invite'] })) }),
  (from) => ({ ...from, rules: [...entries.rules, ...entries.rules] }),
  (from) => ({ ...from, rules: [...entries.rules] }),
  (from) => ({ ...from, community: { ...from.community, model: 'direct' } }),
  (from) => ({ ...from, community: { ...from.community, model: 'anarchy' } }),
  (from) => ({ ...from, community: entries.community }),
];

describe('createCommunityCheck', () => {
  it('says of many members too that they are too many', () => {
    const [first] = entries.members;
    if (first === undefined) throw new Error('no member');
    const members = Array.from({ length: 20_001 }, () => first);
    expect(createCommunityCheck()({ ...entries, members }).problems).toContain('members: must have at most 20000 entries');
  });

  it('says the same as a look at everything, whatever changes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...changes), { minLength: 1, maxLength: 12 }), (made) => {
        const check = createCommunityCheck();
        let now = entries;
        for (const change of made) {
          now = change(now);
          expect(check(now)).toEqual(checkCommunity(now));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells problems of the kinds above at all', () => {
    const told = changes.flatMap((change) => createCommunityCheck()(change(entries)).problems);
    expect(told.some((text) => text.includes('belongs to the member'))).toBe(true);
    expect(told.some((text) => text.includes('NOT a domain'))).toBe(true);
    expect(told.some((text) => text.includes('anarchy'))).toBe(true);
  });
});
