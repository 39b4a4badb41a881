import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { Member, MemberProxy, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { PutRuleRequest, RemoveMemberRequest, SetMemberStatusRequest } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { caller, fileContent, type MembershipStage, openMembershipStage } from './membership.stage.js';

const operator = caller('operator');
const other = { ...operator, by: 'token x3k9' };
let stage: MembershipStage;

beforeEach(async () => {
  stage = await openMembershipStage(
    fileContent({
      members:
        '[{ id: acme, domains: [acme.test], groups: [mills] }, { id: bolt, domains: [bolt.test], proxies: [{ host: sip.bolt.test }] }, { id: crow, domains: [crow.test] }]',
      agreements: '[{ members: [acme, crow] }]',
      rules:
        '[{ id: one, from: { member: acme }, to: { any: true }, methods: [INVITE], action: deny }, { id: two, from: { any: true }, to: { any: true }, methods: [INFO], action: deny }]',
    }),
  );
});
afterEach(() => stage.close());

async function faultOf(promise: Promise<unknown>): Promise<ApiFault> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof ApiFault) return thrown;
  throw new Error(`expected an ApiFault, got ${String(thrown)}`);
}

const dora = Member.fromPartial({ id: 'dora', domains: ['dora.test'] });
const put = (member: Partial<Member>, expected = 0n, dryRun = false) =>
  stage.api.putMember({ member: { ...Member.create(), ...member }, expected, order: { why: 'because', dryRun } }, operator);
const get = async (id: string) => (await stage.api.getMember({ id }, operator)).member;
const revisionOf = async (id: string) => (await get(id))?.revision ?? 0n;
const status = (id: string, to: string, rest: { reason?: string; until?: string; expected?: bigint } = {}) =>
  stage.api.setMemberStatus(SetMemberStatusRequest.fromPartial({ id, status: to, ...rest }), operator);

const any = { who: { $case: 'any' as const, value: true } };
const propose = (from: string, to: string, mode = 'relay', validUntil = '', as = operator) =>
  stage.api.proposeAgreement({ order: undefined, from, to, mode, validFrom: '', validUntil, note: 'hello' }, as);
const accept = (member: string, partner: string, as = operator, expected = 0n) =>
  stage.api.acceptAgreement({ order: undefined, member, partner, expected }, as);
const putRule = (rule: Partial<Rule>, where: { before?: string; last?: boolean } = {}) =>
  stage.api.putRule({ ...PutRuleRequest.create(), rule: { ...Rule.create(), ...rule }, ...where }, operator);
const remove = (id: string, expected: bigint) => stage.api.removeMember(RemoveMemberRequest.fromPartial({ id, expected }), operator);
const importYaml = (yaml: string, expected = 0n) => stage.api.importMembership({ order: undefined, yaml, expected }, operator);

describe('a change is refused, and nothing is changed,', () => {
  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      'an id that is taken',
      () => put({ ...dora, id: 'acme' }),
      'exists',
      'member.acme is there already, in revision 3 (community file /etc/guild.yaml, 2026-01-01T00:00:00.000Z: read by policy).',
    ],
    [
      'a domain that another has',
      () => put({ ...dora, domains: ['bolt.test'] }),
      'precondition',
      'member dora: domains[0]: bolt.test belongs to the member bolt already',
    ],
    ['the hub’s own domain', () => put({ ...dora, domains: ['hub.test'] }), 'precondition', "hub.test is the hub's own domain"],
    [
      'a name that two could have',
      () => put({ ...dora, proxies: [MemberProxy.fromPartial({ host: 'bolt.test', port: 1 })] }),
      'precondition',
      'could be of bolt or of dora',
    ],
    ['no domain', () => put({ ...dora, domains: [] }), 'precondition', 'member dora: domains'],
    ['an id that is none', () => put({ ...dora, id: 'a.b' }), 'invalid', '"a.b" cannot be'],
    ['an id in capitals', () => put({ ...dora, id: 'Dora' }), 'precondition', 'is no id'],
    ['a role of the hub’s own', () => put({ ...dora, role: 'discovered' }), 'invalid', 'given by the hub itself'],
    [
      'an authority that is none',
      () => put({ ...dora, anchors: ['-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'] }),
      'precondition',
      'member dora: anchors[0] has a certificate (number 1) that cannot be read',
    ],
    ['a revocation list that is none', () => put({ ...dora, revocationLists: ['x'] }), 'precondition', 'member dora: revocation_lists[0]'],
    ['a member nobody knows', () => status('acm', 'suspended'), 'not-found', 'There is no member "acm" (did you mean acme?).'],
    ['a status there is not', () => status('acme', 'gone'), 'invalid', '"gone" is no status.'],
    ['an end that is past', () => status('acme', 'suspended', { until: '2026-05-01T00:00:00Z' }), 'invalid', 'is past'],
    ['a reason for being active', () => status('acme', 'active', { reason: 'fees' }), 'invalid', 'An active member has no reason'],
    ['a reason of two lines', () => status('acme', 'suspended', { reason: 'a\nb' }), 'precondition', 'control character'],
    ['an agreement with oneself', () => propose('acme', 'acme'), 'invalid', 'cannot agree with itself'],
    ['an agreement there is', () => propose('acme', 'crow'), 'exists', 'acme and crow have an agreement already (relay).'],
    ['a redirect to nowhere', () => propose('bolt', 'crow', 'redirect'), 'precondition', 'crow has no proxies to redirect to'],
    ['an agreement of the past', () => propose('acme', 'bolt', 'relay', '2026-01-01'), 'invalid', 'would have ended already'],
    ['an agreement that is none', () => accept('acme', 'bolt'), 'not-found', 'acme and bolt have no agreement.'],
    [
      'a rule about a stranger',
      () => putRule({ id: 'x', from: { who: { $case: 'member', value: 'nix' } }, to: any, action: 'deny' }),
      'precondition',
      'rule x: from.member: there is no member nix',
    ],
    [
      'a rule before one there is not',
      () => putRule({ id: 'x', from: any, to: any, action: 'deny' }, { before: 'thre' }),
      'not-found',
      'There is no rule "thre"',
    ],
    ['a member that a rule names', () => remove('acme', 3n), 'precondition', 'rule one names member acme'],
    [
      'to roll back to nothing',
      () => stage.api.rollBack({ order: undefined, version: 1n }, operator),
      'precondition',
      'there was no community',
    ],
    [
      'to roll back to tomorrow',
      () => stage.api.rollBack({ order: undefined, version: 99n }, operator),
      'not-found',
      'There is no version 99',
    ],
    ['a file with a hole', () => importYaml('community: {'), 'invalid', 'The file cannot be used: the file:1:'],
    [
      'a reason of two lines for it',
      () => stage.api.removeRule({ id: 'one', expected: 1n, order: { why: 'a\nb', dryRun: false } }, operator),
      'invalid',
      'one line',
    ],
  ])('%s', async (_, call, code, message) => {
    const before = await stage.bucket.lastRevision();
    const fault = await faultOf(call());
    expect([fault.code, fault.message]).toEqual([code, expect.stringContaining(message)]);
    expect(await stage.bucket.lastRevision()).toBe(before);
  });

  it('what somebody else has changed meanwhile, naming who and when', async () => {
    const seen = await revisionOf('bolt');
    await stage.api.setMemberStatus(SetMemberStatusRequest.fromPartial({ id: 'bolt', status: 'suspended', order: { why: 'fees' } }), other);
    const fault = await faultOf(put({ ...Member.fromPartial({ id: 'bolt', domains: ['bolt.test'] }) }, seen));
    expect([fault.code, fault.message]).toEqual([
      'conflict',
      `Somebody else changed member.bolt in revision ${await revisionOf('bolt')} (operator (token x3k9), 2026-06-01T12:00:00.000Z: fees).`,
    ]);
    expect((await get('bolt'))?.member?.status).toBe('suspended');
  });

  it('what somebody else has removed meanwhile', async () => {
    const seen = await revisionOf('bolt');
    await stage.api.removeMember(RemoveMemberRequest.fromPartial({ id: 'bolt', expected: seen, order: { why: 'left us' } }), other);
    const fault = await faultOf(put(Member.fromPartial({ id: 'bolt', domains: ['bolt.test'] }), seen));
    expect([fault.code, fault.message]).toEqual([
      'conflict',
      expect.stringMatching(
        /^Somebody else removed member\.bolt in revision \d+ \(operator \(token x3k9\), 2026-06-01T12:00:00\.000Z: left us\)\.$/,
      ),
    ]);
  });
});
