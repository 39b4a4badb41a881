import type { AuditFact } from '@guildhall/chassis/audit-chain';
import { memoryKeyValue } from '@guildhall/chassis/memory-key-value';
import { expect, it, vi } from 'vitest';
import { sampleMembership } from '../decision/sample-membership.js';
import { keepAccessTokens } from './keep-access-tokens.js';
import { endTokensOfTheGone } from './tokens-of-the-gone.js';

const members = (...ids: string[]) =>
  sampleMembership({ members: `[${ids.map((id) => `{ id: ${id}, domains: [${id}.example] }`).join(', ')}]` });
const wall = () => new Date('2026-06-01T00:00:00Z');

async function stage() {
  const tokens = await keepAccessTokens(memoryKeyValue(1), { wall: () => wall().getTime(), unusable: () => undefined, most: 100 });
  const written: AuditFact[] = [];
  const failed = vi.fn();
  const audit = {
    write: async (fact: AuditFact) => {
      written.push(fact);
      return BigInt(written.length);
    },
  };
  const look = endTokensOfTheGone({ tokens, audit, wall, failed });
  const make = async (scope: string) => {
    const kind = scope.startsWith('enrol') ? 'enrolment' : 'access';
    await tokens.create({ kind, scope, note: '', createdBy: 'operator (test)', expiresMs: 0 });
  };
  const good = async () => (await tokens.list(false)).map(({ scope }) => scope).toSorted();
  return { tokens, written, failed, look, make, good };
}

it('tokens and invitations of a member end with it, and come not back with its id; others stay', async () => {
  const { look, make, good, written, failed } = await stage();
  look(members('acme', 'bolt'));
  for (const scope of ['member:acme', 'enrol:acme', 'member:bolt', 'operator', 'dashboard']) await make(scope);
  look(members('acme', 'bolt', 'crow'));
  look(undefined);
  look(members('bolt', 'crow'));
  await expect.poll(good).toEqual(['dashboard', 'member:bolt', 'operator']);
  look(members('acme', 'bolt', 'crow'));
  expect(await good()).toEqual(['dashboard', 'member:bolt', 'operator']);
  expect(written.map(({ outcome, why }) => [outcome, why])).toEqual(
    ['begun', 'done', 'begun', 'done'].map((outcome) => [outcome, 'its member is gone']),
  );
  expect(failed).not.toHaveBeenCalled();
});

it('who left while nobody looked is found at the start; who is not known yet is left alone', async () => {
  const { look, make, good } = await stage();
  await make('member:acme');
  await make('member:bolt');
  look(members('bolt'));
  await expect.poll(good).toEqual(['member:bolt']);
  // A token of a member of which this instance has not heard yet.
  await make('member:crow');
  look(members('dora'));
  await expect.poll(good).toEqual(['member:crow']);
});
