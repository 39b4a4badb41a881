import type { DnsTargets } from '@guildhall/chassis/dns-targets';
import { describe, expect, it } from 'vitest';
import type { DoorCard } from './door-card.js';
import { createLocatedDoors } from './located-doors.js';
import { doorStage } from './member.stage.js';

const door = doorStage({ proxies: [], lookup: 'bolt.example', freshFor: Number.POSITIVE_INFINITY, domains: new Set(['bolt.example']) });
const two: DnsTargets = {
  keepMs: 30_000,
  targets: [
    { address: '192.0.2.1', port: 5061, priority: 2, weight: 0.5 },
    { address: '10.0.0.1', port: 6061, priority: 4, weight: 1 },
  ],
};

function stand(card: DoorCard, found: DnsTargets | Error) {
  const notes: string[] = [];
  const doors = createLocatedDoors(
    { get: async () => card, isOld: () => false, forget: () => undefined },
    {
      async targets(domain) {
        notes.push(`asked for ${domain}`);
        if (found instanceof Error) throw found;
        return found;
      },
      mayDial: (address) => !address.startsWith('10.'),
      located: (_member, _domain, targets, refused) => notes.push(`${targets} found, ${refused} refused`),
      failed: () => notes.push('failed'),
    },
  );
  return { notes, get: () => doors.get('bolt') };
}

describe('doors that DNS fills in', () => {
  it.each<[string, DoorCard]>([
    ['shut', { ...door, open: false }],
    ['at a fixed place', { ...door, lookup: '' }],
  ])('a door that is %s is left as it is, and DNS is not asked', async (_why, card) => {
    const { notes, get } = stand(card, two);
    expect(await get()).toBe(card);
    expect(notes).toEqual([]);
  });

  it('says why there is nobody: DNS failed', async () => {
    const { notes, get } = stand(door, new Error('away'));
    expect(await get()).toMatchObject({
      proxies: [],
      unlocated: 'DNS did not answer where the proxies of bolt are, under bolt.example',
      freshFor: 2_000,
    });
    expect(notes).toEqual(['asked for bolt.example', 'failed']);
  });

  it('says why there is nobody: DNS names nobody', async () => {
    const { get } = stand(door, { targets: [], keepMs: 0 });
    expect(await get()).toMatchObject({ proxies: [], unlocated: 'DNS names no proxy of bolt under bolt.example' });
  });

  it('a stranger leads to no place that is not public', async () => {
    const { notes, get } = stand({ ...door, stranger: true }, two);
    expect((await get()).proxies.map(({ host }) => host)).toEqual(['192.0.2.1']);
    expect(notes).toEqual(['asked for bolt.example', '1 found, 1 refused']);
    const inside = { ...two, targets: two.targets.slice(1) };
    expect(await stand({ ...door, stranger: true }, inside).get()).toMatchObject({
      proxies: [],
      unlocated: expect.stringContaining('not public'),
    });
  });

  it('each address is a proxy that must prove the name that was looked up', async () => {
    const { get } = stand(door, two);
    expect(await get()).toMatchObject({
      unlocated: '',
      freshFor: 30_000,
      proxies: [
        { host: '192.0.2.1', port: 5061, names: ['bolt.example'], priority: 2, weight: 0.5 },
        { host: '10.0.0.1', port: 6061, names: ['bolt.example'], priority: 4, weight: 1 },
      ],
    });
  });
});
