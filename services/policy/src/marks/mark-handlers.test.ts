import type { Caller } from '@guildhall/chassis/api/caller';
import type { Mark } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { describe, expect, it } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { markHandlers } from './mark-handlers.js';

const now = Date.parse('2026-05-01T00:00:00Z');
const caller: Caller = { scope: 'operator', member: '', by: 'token x3k9', source: '127.0.0.1:1' };
const kept: Mark[] = [];
const marks = {
  mark: async (mark: Mark) => {
    kept.push(mark);
    return mark;
  },
  unmark: () => Promise.reject(new Error('not asked')),
  list: () => kept,
};
const membership = sampleMembership({ members: '[{ id: acme, domains: [acme.example] }]' });
const handlers = markHandlers(marks, { membership: () => membership, wall: () => now });
const member = 'acme';

describe('marking a member', () => {
  it.each([0n, 59_999n, 86_400_001n, 2n ** 63n])('is refused for %s ms', async (forMs) => {
    await expect(handlers.markMember({ member, forMs, why: '' }, caller)).rejects.toMatchObject({ code: 'invalid' });
  });

  it.each(['', 'nobody', 'x'.repeat(100_000), '__proto__', 'a.b'])('is refused for nobody: %#', async (id) => {
    const refused = handlers.markMember({ member: id, forMs: 60_000n, why: '' }, caller);
    await expect(refused).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(/^.{0,100}$/) });
  });

  it('is refused with a reason beyond bounds, and while there is no membership', async () => {
    const order = { member, forMs: 60_000n, why: 'x'.repeat(201) };
    await expect(handlers.markMember(order, caller)).rejects.toMatchObject({ code: 'invalid' });
    const empty = markHandlers(marks, { membership: () => undefined, wall: () => now });
    await expect(empty.markMember({ ...order, why: '' }, caller)).rejects.toMatchObject({ code: 'unavailable' });
    expect(kept).toEqual([]);
  });

  it.each([60_000n, 86_400_000n])('notes until when, who and why: %s ms', async (forMs) => {
    const { mark } = await handlers.markMember({ member, forMs, why: 'ticket 7' }, caller);
    expect(mark).toEqual({
      member,
      until: new Date(now + Number(forMs)).toISOString(),
      who: 'operator (token x3k9)',
      when: '2026-05-01T00:00:00.000Z',
      why: 'ticket 7',
    });
  });
});
