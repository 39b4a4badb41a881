import type { Caller } from '@guildhall/chassis/api/caller';
import { ExplainRequest } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { describe, expect, it } from 'vitest';
import { explainHandler } from './explain-handler.js';
import { sampleMembership } from './sample-membership.js';

const membership = sampleMembership({
  members: '[{ id: acme, domains: [acme.example] }, { id: bolt, domains: [bolt.example] }, { id: crow, domains: [crow.example] }]',
  rules: `[
    { id: secret, between: [bolt, crow], action: deny },
    { id: tried, from: { any: true }, to: { any: true }, methods: [MESSAGE], action: deny, shadow: true },
    { id: open, from: { member: acme }, to: { any: true }, action: allow }]`,
});
const handler = explainHandler({
  membership: () => membership,
  membershipAt: () => Promise.reject(new Error('not asked')),
  wall: () => Date.parse('2026-06-01T00:00:00Z'),
});
const caller = (scope: 'operator' | 'member', member = ''): Caller => ({ scope, member, by: 'test', source: '' });
const rules = async (who: Caller, from: string) => {
  const { steps } = await handler(ExplainRequest.fromPartial({ from, to: 'bolt' }), who);
  return steps.filter(({ subject }) => subject === 'rule' || subject === 'shadow').map(({ finding }) => finding);
};

describe('why a request gets through is told', () => {
  it('to an operator with every rule that was tried', async () => {
    expect(await rules(caller('operator'), 'acme')).toHaveLength(3);
  });

  it('to a member with the rule that decided, and with nothing of others’ rules or of shadows', async () => {
    expect(await rules(caller('member', 'acme'), 'acme')).toEqual([expect.stringContaining('open')]);
    expect(await rules(caller('member', 'bolt'), 'bolt')).toEqual(['none of the 3 rules fits']);
    await expect(rules(caller('member', 'crow'), 'acme')).rejects.toThrow('neither sender nor target');
  });
});
