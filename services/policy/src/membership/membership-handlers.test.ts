import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { Member, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import {
  PutMemberRequest,
  PutRuleRequest,
  RemoveMemberRequest,
  SetMemberStatusRequest,
  SetMemberTrustRequest,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEntry } from './bucket-entry.js';
import { checkCommunity } from './community-check.js';
import { caller, fileContent, type MembershipStage, openMembershipStage, testAuthority } from './membership.stage.js';

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
const keys = async () => (await stage.bucket.entries()).map(({ key }) => key);
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
const ruleIds = async () => (await stage.api.listRules({}, operator)).rules.map(({ rule }) => [rule?.id, rule?.order]);

const ruleRevision = async (id: string) =>
  (await stage.api.listRules({}, operator)).rules.find(({ rule }) => rule?.id === id)?.revision ?? 0n;

describe('a change', () => {
  it('is one revision with who, when and why, and is in force when it is answered', async () => {
    const { report } = await put(dora);
    expect(report?.entries.map(({ key, lines }) => [key, lines])).toEqual([
      ['member.dora', ['id: dora', 'name: dora', 'role: member', 'status: active', 'domains: + dora.test', 'dialect: standard']],
    ]);
    expect(await get('dora')).toMatchObject({
      who: 'operator (token of operator)',
      when: '2026-06-01T12:00:00.000Z',
      why: 'because',
      revision: report?.version,
    });
    expect(stage.store.current()?.version).toBe(report?.version);
  });

  it('is only told with dry run, with the same words', async () => {
    const told = await put(dora, 0n, true);
    expect([told.report?.dryRun, await keys()]).toEqual([true, expect.not.arrayContaining(['member.dora'])]);
    const done = await put(dora);
    expect(done.report?.entries[0]?.lines).toEqual(told.report?.entries[0]?.lines);
  });

  it('that changes nothing is no revision', async () => {
    const before = await stage.bucket.lastRevision();
    const { report } = await put((await get('bolt'))?.member ?? {}, await revisionOf('bolt'));
    expect([report?.entries, await stage.bucket.lastRevision()]).toEqual([[], before]);
  });

  it('of several at once is made by all of them, one after the other', async () => {
    const many = Array.from({ length: 20 }, (_, at) => put({ id: `m${at}`, domains: [`m${at}.test`] }));
    const versions = (await Promise.all(many)).map(({ report }) => report?.version);
    expect(new Set(versions).size).toBe(20);
  });

  it('made at the same moment with the same domain is made by one of two instances', async () => {
    const twin = await openMembershipTwin();
    const [one, two] = await Promise.allSettled([
      put({ id: 'x', domains: ['same.test'] }),
      twin.putMember(PutMemberRequest.fromPartial({ member: { id: 'y', domains: ['same.test'] } }), other),
    ]);
    expect([one.status, two.status].toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('of a member gone takes its agreements, in one change', async () => {
    await stage.api.removeRule({ id: 'one', expected: await ruleRevision('one'), order: undefined }, operator);
    const { report } = await remove('acme', await revisionOf('acme'));
    expect(report?.entries.map(({ key }) => key)).toEqual(['agreement.acme.crow', 'member.acme']);
    const { revisions } = await stage.api.listHistory({ key: '', before: 0n, limit: 2 }, operator);
    expect(revisions.map(({ key, kind, who, change }) => [key, kind, who, change])).toEqual([
      ['member.acme', 'delete', 'operator (token of operator)', revisions[1]?.change],
      ['agreement.acme.crow', 'delete', 'operator (token of operator)', revisions[0]?.change],
    ]);
    expect(revisions[0]?.lines).toContain('domains: - acme.test');
  });

  it('of a status says why and until when, and an active one forgets both', async () => {
    await status('bolt', 'quarantined', { reason: 'loops', until: '2026-06-02T00:00:00+02:00' });
    expect((await get('bolt'))?.member).toMatchObject({
      status: 'quarantined',
      statusReason: 'loops',
      statusUntil: '2026-06-01T22:00:00.000Z',
    });
    await status('bolt', 'active');
    expect((await get('bolt'))?.member).toMatchObject({ status: 'active', statusReason: '', statusUntil: '' });
  });

  it('of rules puts them where they are wanted', async () => {
    await putRule({ id: 'zero', from: any, to: any, methods: ['OPTIONS'], action: 'allow', order: 0 });
    expect(await ruleIds()).toEqual([
      ['zero', 0],
      ['one', 1],
      ['two', 2],
    ]);
    await putRule({ id: 'mid', from: any, to: any, methods: ['REFER'], action: 'deny' }, { before: 'two' });
    await putRule({ id: 'end', from: any, to: any, action: 'allow' }, { last: true });
    expect(await ruleIds()).toEqual([
      ['zero', 0],
      ['one', 1],
      ['mid', 2],
      ['two', 3],
      ['end', 4],
    ]);
    await stage.api.removeRule({ id: 'one', expected: await ruleRevision('one'), order: undefined }, operator);
    expect(await ruleIds()).toEqual([
      ['zero', 0],
      ['mid', 1],
      ['two', 2],
      ['end', 3],
    ]);
  });
});

async function openMembershipTwin() {
  const { createChanges } = await import('./change.js');
  const { membershipHandlers } = await import('./membership-handlers.js');
  const { createMembershipFeed } = await import('./membership-feed.js');
  const wall = () => stage.clock.now;
  const changes = createChanges({ bucket: stage.bucket, store: stage.store, check: checkCommunity, wall, newId: () => 'twin' });
  return membershipHandlers({ changes, history: stage.history, feed: createMembershipFeed(1, 1), check: checkCommunity, wall });
}

describe('what is wrong already', () => {
  it('keeps nobody from putting other things right', async () => {
    const wrong = Member.fromPartial({ id: 'eve', domains: ['bolt.test'], role: 'member', status: 'active' });
    await stage.bucket.put('member.eve', encodeEntry({ $case: 'member', value: wrong }, { who: 'x', when: '', why: '', change: '' }));
    expect((await put(dora)).report?.entries).toHaveLength(1);
    expect((await faultOf(put({ id: 'flo', domains: ['crow.test'] }))).message).toContain('crow.test belongs to the member crow already');
  });
});

describe('a member', () => {
  const acme = caller('member', 'acme');

  it('speaks for itself only', async () => {
    const calls = [
      stage.api.getMember({ id: 'bolt' }, acme),
      propose('bolt', 'acme', 'relay', '', acme),
      accept('crow', 'acme', acme),
      stage.api.endAgreement({ order: undefined, member: 'crow', partner: 'acme' }, acme),
      stage.api.setMemberTrust(SetMemberTrustRequest.fromPartial({ id: 'bolt' }), acme),
      stage.api.listAgreements({ member: 'bolt' }, acme),
    ];
    for (const call of calls) expect((await faultOf(call)).code).toBe('denied');
  });

  it('changes its own door and trust, and nothing else of itself', async () => {
    const expected = await revisionOf('acme');
    await stage.api.setMemberTrust(
      SetMemberTrustRequest.fromPartial({
        id: 'acme',
        expected,
        proxies: [{ host: 'sip.acme.test' }],
        pins: ['AB'.repeat(32)],
        anchors: [testAuthority],
      }),
      acme,
    );
    expect((await get('acme'))?.member).toMatchObject({
      groups: ['mills'],
      proxies: [{ host: 'sip.acme.test', port: 5061, weight: 1 }],
      pins: ['ab'.repeat(32)],
      anchors: [testAuthority],
    });
    expect((await faultOf(stage.api.setMemberTrust(SetMemberTrustRequest.fromPartial({ id: 'acme', expected }), acme))).code).toBe(
      'conflict',
    );
  });

  it('agrees with another: proposed, accepted as it was read, in force, each handed the other’s door, ended', async () => {
    const bolt = caller('member', 'bolt');
    const expected = await revisionOf('acme');
    await stage.api.setMemberTrust(SetMemberTrustRequest.fromPartial({ id: 'acme', expected, proxies: [{ host: 'sip.acme.test' }] }), acme);
    const stateFor = async (id: string) =>
      (await stage.api.getMember({ id }, caller('member', id))).agreements.map(({ state, agreement }) => [agreement?.second, state]);
    await propose('acme', 'bolt', 'redirect', '2026-07-01', acme);
    expect(await stateFor('bolt')).toEqual([['bolt', 'proposed']]);
    expect((await faultOf(accept('acme', 'bolt', acme))).code).toBe('precondition');
    expect((await faultOf(accept('bolt', 'acme', bolt, 1n))).code).toBe('conflict');
    expect((await faultOf(propose('bolt', 'acme', 'relay', '', bolt))).message).toBe('acme has proposed an agreement already (redirect).');
    await accept('bolt', 'acme', bolt);
    expect(await stateFor('acme')).toEqual([
      ['bolt', 'in force'],
      ['crow', 'in force'],
    ]);
    const partners = async (id: string) =>
      (await stage.api.getMember({ id }, caller('member', id))).partners.map(({ member, proxies }) => [member, proxies[0]?.host]);
    expect([await partners('acme'), await partners('bolt')]).toEqual([[['bolt', 'sip.bolt.test']], [['acme', 'sip.acme.test']]]);
    await status('bolt', 'suspended');
    expect([await partners('acme'), await partners('bolt'), await stateFor('bolt')]).toEqual([[], [], [['bolt', 'accepted']]]);
    await status('bolt', 'active');
    stage.clock.now = new Date('2026-07-01T00:00:00Z');
    expect([await partners('acme'), await stateFor('bolt')]).toEqual([[], [['bolt', 'expired']]]);
    await propose('bolt', 'acme', 'relay', '', bolt);
    expect(await stateFor('bolt')).toEqual([['bolt', 'proposed']]);
    await stage.api.endAgreement({ order: undefined, member: 'acme', partner: 'bolt' }, acme);
    expect(await stateFor('bolt')).toEqual([]);
  });
});
