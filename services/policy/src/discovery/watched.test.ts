import type { Caller } from '@guildhall/chassis/api/caller';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { ListPartnersRequest, ListPartnersResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { Watched } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { entryKey, type StoredEntry } from '../membership/bucket-entry.js';
import { discoveredMember } from './discovered-member.js';
import { keepWatched, listPartners } from './watched.js';

const operator: Caller = { scope: 'operator', member: '', by: 'token x', source: '' };
const domains = ['c.test', 'a.test', 'b.test'];

function entry(domain: string, revision: number, role = 'discovered'): StoredEntry {
  const body = { $case: 'member' as const, value: { ...discoveredMember(domain), id: domain.replace('.', '-'), role } };
  return {
    key: entryKey(body),
    body,
    revision,
    by: { who: 'discovery', when: '2026-06-01T00:00:00Z', why: 'a member wrote to it', change: '' },
  };
}

function stage() {
  let now = 0;
  const bus = memoryBus();
  const watched = keepWatched(bus, () => now);
  const stored = [...domains.map((domain, at) => entry(domain, at + 1)), entry('acme.test', 9, 'member')];
  const list = listPartners(watched, () => stored);
  return {
    bus,
    watched,
    after(ms: number) {
      now += ms;
    },
    tell(id: string, member: string, contacts: number, suspect = false) {
      const partners = [{ member, requests: 10n, contacts, suspect, connections: 1, overRate: 2n, overContacts: 1n }];
      bus.publish(subjects.watched, Watched.encode(Watched.fromPartial({ id, partners })).finish());
    },
    list: async (asked: Partial<ListPartnersRequest> = {}) => list(ListPartnersRequest.fromPartial(asked), operator),
  };
}

describe('the watch list', () => {
  it('has the discovered partners and nobody else, in the order of ids, page by page', async () => {
    const { list } = stage();
    const first = await list({ limit: 2 });
    expect(first.partners.map(({ id }) => id)).toEqual(['a-test', 'b-test']);
    const second = await list({ limit: 2, after: first.next });
    expect([second.partners.map(({ id }) => id), second.next]).toEqual([['c-test'], '']);
    expect(first.partners[0]).toMatchObject({
      domains: ['a.test'],
      status: 'active',
      who: 'discovery',
      why: 'a member wrote to it',
      requests: 0n,
    });
    await expect(list({ limit: 10_001 })).rejects.toThrow('At most');
  });

  it('adds up what the ingresses tell, each counted as it was told last', async () => {
    const { list, tell } = stage();
    tell('one', 'a-test', 1);
    tell('one', 'a-test', 3);
    tell('other', 'a-test', 4, true);
    tell('other', 'nobody', 100);
    const [partner] = (await list({ limit: 1 })).partners;
    // What `other` told first is replaced by what it told then.
    expect(partner).toMatchObject({ requests: 10n, contacts: 3, suspect: false, connections: 1, overRate: 2n, overContacts: 1n });
    tell('other', 'a-test', 4, true);
    expect((await list()).partners[0]).toMatchObject({ requests: 20n, contacts: 7, suspect: true, connections: 2, overRate: 4n });
  });

  it('forgets an ingress that is not heard of any more', () => {
    const { watched, tell, after } = stage();
    tell('one', 'a-test', 3);
    after(30_000);
    expect(watched.conductOf('a-test').contacts).toBe(3);
    after(1);
    expect(watched.conductOf('a-test').contacts).toBe(0);
  });

  it('is told whatever nonsense an ingress counts', async () => {
    const { list, bus } = stage();
    const most = 2n ** 64n - 1n;
    const conduct = {
      member: 'a-test',
      requests: most,
      contacts: 2 ** 32 - 1,
      suspect: true,
      overRate: most,
      overContacts: most,
      connections: 2 ** 32 - 1,
    };
    for (const id of ['one', 'other']) bus.publish(subjects.watched, Watched.encode({ id, partners: [conduct] }).finish());
    const answer = await list();
    expect(ListPartnersResponse.decode(ListPartnersResponse.encode(answer).finish()).partners[0]).toMatchObject({
      requests: most,
      contacts: 2 ** 32 - 1,
    });
  });

  it('listens to a bounded number of ingresses', () => {
    const { watched, tell } = stage();
    for (let count = 0; count < 300; count += 1) tell(`i${count}`, 'a-test', 1);
    expect(watched.conductOf('a-test').contacts).toBe(256);
  });
});
