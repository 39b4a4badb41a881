import {
  AcceptAgreementRequest,
  type ChangeReport,
  EndAgreementRequest,
  type ExportMembershipResponse,
  type GetMemberResponse,
  ImportMembershipRequest,
  ProposeAgreementRequest,
  PutCommunityRequest,
  PutMemberRequest,
  PutRuleRequest,
  RemoveMemberRequest,
  RemoveRuleRequest,
  RollBackRequest,
  SetMemberStatusRequest,
  SetMemberTrustRequest,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiConnection, asked, openApi } from '../stage/admin.js';
import { becomes, exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

interface Reported {
  readonly report?: ChangeReport | undefined;
}

describe.each(topologies)('every change can be rehearsed, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    model: 'limited-clearinghouse',
    cast: { acme: {}, bolt: {}, crow: {} },
    agreements: [{ members: ['acme', 'crow'], mode: 'redirect', acceptedBy: ['crow'], proposedBy: 'crow' }],
    rules: [{ id: 'quiet', from: { any: true }, to: { any: true }, methods: ['REFER'], action: 'deny' }],
  });
  let api: ApiConnection;
  beforeAll(() => {
    api = openApi(hub(), undefined, hub().policies.length - 1);
  });
  afterAll(() => api.close());

  const exported = (version = 0n) => asked<ExportMembershipResponse>((done) => api.membership.exportMembership({ version }, done));
  const revision = async (id: string) =>
    (await asked<GetMemberResponse>((done) => api.membership.getMember({ id }, done))).member?.revision ?? 0n;
  const order = { why: 'to see', dryRun: true };
  const any = { who: { $case: 'any', value: true } } as const;

  const changes: readonly [what: string, act: (wish: typeof order) => Promise<Reported>, told: RegExp][] = [
    [
      'add a member',
      (wish) =>
        asked<Reported>((done) =>
          api.membership.putMember(PutMemberRequest.fromPartial({ order: wish, member: { id: 'nova', domains: ['nova.test'] } }), done),
        ),
      /^member\.nova\b/,
    ],
    [
      'suspend one',
      (wish) =>
        asked<Reported>((done) =>
          api.membership.setMemberStatus(SetMemberStatusRequest.fromPartial({ order: wish, id: 'bolt', status: 'suspended' }), done),
        ),
      /^member\.bolt status: active -> suspended/,
    ],
    [
      'give one another proxy',
      async (wish) => {
        const expected = await revision('bolt');
        const proxies = [{ host: '192.0.2.7', port: 5061 }];
        return asked<Reported>((done) =>
          api.membership.setMemberTrust(SetMemberTrustRequest.fromPartial({ order: wish, id: 'bolt', expected, proxies }), done),
        );
      },
      /^member\.bolt .*192\.0\.2\.7/,
    ],
    [
      'propose an agreement',
      (wish) =>
        asked<Reported>((done) =>
          api.membership.proposeAgreement(
            ProposeAgreementRequest.fromPartial({ order: wish, from: 'acme', to: 'bolt', mode: 'redirect' }),
            done,
          ),
        ),
      /^agreement\.acme\.bolt\b/,
    ],
    [
      'accept one',
      (wish) =>
        asked<Reported>((done) =>
          api.membership.acceptAgreement(AcceptAgreementRequest.fromPartial({ order: wish, member: 'acme', partner: 'crow' }), done),
        ),
      /^agreement\.acme\.crow .*acme/,
    ],
    [
      'end one',
      (wish) =>
        asked<Reported>((done) =>
          api.membership.endAgreement(EndAgreementRequest.fromPartial({ order: wish, member: 'acme', partner: 'crow' }), done),
        ),
      /^agreement\.acme\.crow\b/,
    ],
    [
      'add a rule',
      (wish) =>
        asked<Reported>((done) =>
          api.membership.putRule(
            PutRuleRequest.fromPartial({ order: wish, rule: { id: 'all', from: any, to: any, action: 'deny' }, last: true }),
            done,
          ),
        ),
      /^rule\.all\b/,
    ],
    [
      'remove one',
      async (wish) => {
        const { rules } = await asked<{ rules: { revision: bigint }[] }>((done) => api.membership.listRules({}, done));
        const expected = rules[0]?.revision ?? 0n;
        return asked<Reported>((done) =>
          api.membership.removeRule(RemoveRuleRequest.fromPartial({ order: wish, id: 'quiet', expected }), done),
        );
      },
      /^rule\.quiet\b/,
    ],
    [
      'change the community',
      async (wish) => {
        const { yaml } = await exported();
        const file = yaml.replace('limited-clearinghouse', 'clearinghouse');
        return asked<Reported>((done) =>
          api.membership.importMembership(ImportMembershipRequest.fromPartial({ order: wish, yaml: file }), done),
        );
      },
      /^community model: limited-clearinghouse -> clearinghouse/,
    ],
    [
      'remove a member',
      async (wish) => {
        const expected = await revision('crow');
        return asked<Reported>((done) =>
          api.membership.removeMember(RemoveMemberRequest.fromPartial({ order: wish, id: 'crow', expected }), done),
        );
      },
      /^member\.crow\b/m,
    ],
  ];

  it.each(changes)('%s: told what it would do, in the words of the change itself, and nothing is done', async (_what, act, told) => {
    const before = await exported();
    const { report } = await act(order);
    expect(report).toMatchObject({ dryRun: true, version: before.version });
    const words = (one: ChangeReport | undefined) => (one?.entries ?? []).map(({ key, lines }) => `${key} ${lines.join(', ')}`);
    expect(words(report).join('\n')).toMatch(told);
    expect(await exported()).toEqual(before);
    await exchange(actor('acme'), actor('bolt'));

    const done = await act({ ...order, dryRun: false });
    expect(done.report?.dryRun).toBe(false);
    expect(words(done.report)).toEqual(words(report));
    const after = await exported();
    expect(after.version).toBeGreaterThan(before.version);
    // Back again, rehearsed as well.
    const back = (dryRun: boolean) =>
      asked<Reported>((done) =>
        api.membership.rollBack(RollBackRequest.fromPartial({ order: { why: 'back', dryRun }, version: before.version }), done),
      );
    expect(words((await back(true)).report)).toHaveLength(words(report).length);
    expect((await exported()).version).toBe(after.version);
    await back(false);
    const yaml = (text: string) => text.split('\n').slice(1).join('\n');
    expect(yaml((await exported()).yaml)).toBe(yaml(before.yaml));
    await becomes(actor('acme'), actor('bolt'), 'passed on');
  });

  it('a change that would be refused is refused when it is rehearsed', async () => {
    const member = { id: 'nova', domains: ['bolt.example'] };
    const request = PutMemberRequest.fromPartial({ order, member });
    await expect(asked<Reported>((done) => api.membership.putMember(request, done))).rejects.toMatchObject({
      details: expect.stringContaining('bolt.example belongs to the member bolt'),
    });
    const unread = PutCommunityRequest.fromPartial({ order, expected: 1n, community: { id: 'steel-guild', model: 'nonsense' } });
    await expect(asked<Reported>((done) => api.membership.putCommunity(unread, done))).rejects.toThrow();
  });
});
