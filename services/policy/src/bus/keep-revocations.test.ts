import { type Authority, createAuthority } from '@guildhall/chassis/authority/authority';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { Changed, RevocationsPage, RevocationsRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Membership } from '../decision/membership.js';
import { sampleMembership } from '../decision/sample-membership.js';
import { keepRevocations } from './keep-revocations.js';

const now = Date.parse('2026-06-01T00:00:00Z');
const day = 86_400_000;
let guild: Authority;
let acme: Authority;
beforeAll(async () => {
  guild = await createAuthority('Steel Guild CA', now - day, now + 9 * day);
  acme = await createAuthority('Acme CA', now - day, now + 9 * day);
});

async function list(by: Authority, serials: readonly string[], nextUpdate = now + day): Promise<string> {
  const revoked = serials.map((serial) => ({ serial, at: now, reason: 'unspecified' as const }));
  return by.revocationList({ number: 1n, thisUpdate: now - 1000, nextUpdate, revoked });
}

/** A membership in which these are the community's lists, and these acme's. */
function membership(version: bigint, community: readonly string[], own: readonly string[] = []): Membership {
  const members = '[{ id: acme, domains: [acme.example], trust: { ca: [acme.crt] } }]';
  const pem = new Map([
    ['ca.crt', guild.pem],
    ['acme.crt', acme.pem],
  ]);
  const made = sampleMembership({ members, pem });
  const entry = made.members.get('acme');
  if (entry === undefined) throw new Error('the sample has no acme');
  return {
    ...made,
    version,
    community: { ...made.community, anchors: [guild.pem], revocationLists: community },
    members: new Map([['acme', { ...entry, anchors: [acme.pem], revocationLists: own }]]),
  };
}

function stage() {
  const bus = memoryBus();
  const announced: bigint[] = [];
  bus.subscribe(subjects.changed, (payload) => announced.push(Changed.decode(payload).revocations));
  const told: string[] = [];
  const kept = keepRevocations(
    bus,
    {
      revocationsChanged: (version, authorities, serials) => told.push(`${version}: ${serials} of ${authorities}`),
      revocationListUnusable: (why) => told.push(why),
      revocationListStale: ({ owner, issuer }) => told.push(`overdue: ${issuer} of ${owner}`),
      failed: (what) => told.push(`failed: ${what}`),
    },
    () => now,
  );
  const ask = async () => {
    const page = RevocationsPage.decode(await bus.request(subjects.revocations, RevocationsRequest.encode({ after: 0 }).finish(), 100));
    return page.lists.flatMap(({ serials }) => serials.map((serial) => Buffer.from(serial).toString('hex')));
  };
  const follow = async (next: Membership) => {
    kept.follow(next);
    await expect.poll(() => kept.current()?.version).toBe(next.version);
  };
  return { announced, told, kept, ask, follow };
}

describe('what is revoked, as policy has it', () => {
  it('is not answered before the membership was gone through', async () => {
    const { ask, kept } = stage();
    expect(kept.current()).toBeUndefined();
    await expect(ask()).rejects.toMatchObject({ code: 'no-responders' });
  });

  it('is what the lists of the community and of members say, and announced', async () => {
    const { ask, follow, announced, told } = stage();
    await follow(membership(7n, [await list(guild, ['ab'])], [await list(acme, ['c0ffee', '1'])]));
    expect((await ask()).toSorted()).toEqual(['01', 'ab', 'c0ffee']);
    expect(announced).toEqual([7n]);
    expect(told).toEqual(['7: 3 of 2']);
  });

  it('is announced again only when it changed', async () => {
    const { ask, follow, announced } = stage();
    const first = await list(guild, ['ab']);
    await follow(membership(7n, [first]));
    await follow(membership(8n, [first]));
    expect(announced).toEqual([7n]);
    await follow(membership(9n, [await list(guild, ['ab', 'cd'])]));
    expect(announced).toEqual([7n, 9n]);
    expect(await ask()).toEqual(['ab', 'cd']);
  });

  it('is nothing that somebody else’s authority says', async () => {
    const { ask, follow, told } = stage();
    await follow(membership(7n, [await list(acme, ['01'])], [await list(guild, ['02'])]));
    expect(await ask()).toEqual([]);
    expect(told.filter((one) => one.includes('is not used'))).toEqual([
      'the revocation list of "CN=Acme CA" is not used: no authority of the community has signed it',
      'the revocation list of "CN=Steel Guild CA" is not used: no authority of member acme has signed it',
    ]);
  });

  it('is told of a list that cannot be read, and the others count', async () => {
    const { ask, follow, told } = stage();
    await follow(membership(7n, ['nonsense', await list(guild, ['ab'])]));
    expect(await ask()).toEqual(['ab']);
    expect(told[0]).toMatch(/a revocation list of the community is not used: it holds no revocation list/);
  });

  it('holds past the time of the next list, and that is told once', async () => {
    const { ask, follow, kept, told } = stage();
    const old = await list(guild, ['ab'], now - 1);
    await follow(membership(7n, [old]));
    await follow(membership(8n, [old]));
    expect(await ask()).toEqual(['ab']);
    expect(kept.stale()).toMatchObject([{ owner: 'the community', issuer: 'CN=Steel Guild CA' }]);
    expect(told.filter((one) => one.startsWith('overdue'))).toEqual(['overdue: CN=Steel Guild CA of the community']);
  });
});
