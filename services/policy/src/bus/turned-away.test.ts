import type { Caller } from '@guildhall/chassis/api/caller';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { ListTurnedAwayRequest } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { TurnedAway } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { keepTurnedAway, listTurnedAway } from './turned-away.js';

const operator: Caller = { scope: 'operator', member: '', by: 'token x', source: '' };
const acme: Caller = { scope: 'member', member: 'acme', by: 'certificate of acme', source: '' };

function stage(most = 4) {
  const bus = memoryBus();
  const counted = { told: 0, untold: 0 };
  const ring = keepTurnedAway(bus, most, {
    turnedAway(told, untold) {
      counted.told += told;
      counted.untold += untold;
    },
  });
  const list = listTurnedAway(ring);
  return {
    counted,
    ring,
    tell(reason: string, member = '', source = '192.0.2.1:1000', untold = 0) {
      const payload = TurnedAway.fromPartial({ service: 'ingress', id: 'ingress-1', untold, refused: [{ reason, member, source }] });
      bus.publish(subjects.turnedAway, TurnedAway.encode(payload).finish());
    },
    list: async (caller: Caller, asked: Partial<ListTurnedAwayRequest> = {}) =>
      (await list(ListTurnedAwayRequest.fromPartial(asked), caller)).connections.map(({ reason, source }) => `${reason} ${source}`),
    whole: async () => (await list(ListTurnedAwayRequest.create(), operator)).connections,
  };
}

describe('whom the hub turned away', () => {
  it('is told newest first, with what it is about and what to do', async () => {
    const { tell, whole } = stage();
    tell('expired');
    tell('revoked');
    expect(await whole()).toMatchObject([
      { reason: 'revoked', about: expect.stringContaining('revocation'), cure: expect.stringMatching(/./), instance: 'ingress ingress-1' },
      { reason: 'expired' },
    ]);
  });

  it('is forgotten, oldest first, when there are too many', async () => {
    const { tell, list, ring } = stage(4);
    for (const port of [1, 2, 3, 4, 5, 6]) tell('expired', '', `192.0.2.1:${port}`);
    expect(await list(operator)).toEqual([6, 5, 4, 3].map((port) => `expired 192.0.2.1:${port}`));
    expect(ring.size()).toBe(4);
  });

  it('counts those nobody told one by one', () => {
    const { tell, counted } = stage();
    tell('expired', '', '', 40);
    expect(counted).toEqual({ told: 1, untold: 40 });
  });

  it.each<[asked: Partial<ListTurnedAwayRequest>, found: readonly string[]]>([
    [{ member: 'acme' }, ['revoked 192.0.2.1:2']],
    [{ source: '192.0.2.1' }, ['revoked 192.0.2.1:2', 'expired 192.0.2.1:1']],
    [{ source: '192.0.2.1:1' }, ['expired 192.0.2.1:1']],
    [{ source: '192.0.2' }, []],
    [{ source: '2001:db8::1' }, ['weak-key [2001:db8::1]:3']],
    [{ limit: 1 }, ['weak-key [2001:db8::1]:3']],
  ])('is found by %o', async (asked, found) => {
    const { tell, list } = stage();
    tell('expired', '', '192.0.2.1:1');
    tell('revoked', 'acme', '192.0.2.1:2');
    tell('weak-key', 'bolt', '[2001:db8::1]:3');
    expect(await list(operator, asked)).toEqual(found);
  });

  it('is for a member what is under its name, and what is nobody’s from an address that it names', async () => {
    const { tell, list } = stage();
    tell('expired', '', '192.0.2.1:1');
    tell('revoked', 'acme', '192.0.2.9:2');
    tell('weak-key', 'bolt', '192.0.2.1:3');
    expect(await list(acme)).toEqual(['revoked 192.0.2.9:2']);
    expect(await list(acme, { source: '192.0.2.1' })).toEqual(['expired 192.0.2.1:1']);
    expect(await list(acme, { member: 'bolt' })).toEqual([]);
    expect(await list({ ...acme, scope: 'nobody' })).toEqual([]);
    expect(await list({ ...acme, member: '' })).toEqual([]);
  });

  it('is asked for within bounds', async () => {
    await expect(stage().list(operator, { limit: 10_001 })).rejects.toMatchObject({ code: 'invalid' });
  });
});
