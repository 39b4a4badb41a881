import { connect } from 'node:tls';
import { status } from '@grpc/grpc-js';
import {
  AcceptAgreementRequest,
  type AcceptAgreementResponse,
  EndAgreementRequest,
  type EndAgreementResponse,
  type GetMemberResponse,
  type ListAgreementsResponse,
  ProposeAgreementRequest,
  type ProposeAgreementResponse,
  RemoveMemberRequest,
  type RemoveMemberResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiConnection, asked, openApi } from '../stage/admin.js';
import { becomes, fate, hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

describe.each(topologies)('the life of an agreement, in the hands of the two, %s', (_, topology) => {
  const { actor, hub, play } = perform({
    topology,
    model: 'limited-clearinghouse',
    cast: { acme: {}, bolt: { pinned: true }, crow: {} },
  });
  /** Everybody asks with the certificate of its proxy, each at another policy. */
  const apis = new Map<string, ApiConnection>();
  beforeAll(() => {
    for (const [index, name] of ['acme', 'bolt', 'crow'].entries()) {
      apis.set(name, openApi(hub(), { identity: actor(name).identity }, index % hub().policies.length));
    }
    apis.set('operator', openApi(hub()));
  });
  afterAll(() => {
    for (const api of apis.values()) api.close();
  });

  const membership = (name: string) => {
    const api = apis.get(name);
    if (api === undefined) throw new Error(`${name} has no connection`);
    return api.membership;
  };
  const propose = (from: string, to: string, rest: { mode?: string; validFrom?: string; validUntil?: string } = {}) =>
    asked<ProposeAgreementResponse>((done) =>
      membership(from).proposeAgreement(ProposeAgreementRequest.fromPartial({ from, to, mode: 'redirect', ...rest }), done),
    );
  const accept = (member: string, partner: string, expected = 0n) =>
    asked<AcceptAgreementResponse>((done) =>
      membership(member).acceptAgreement(AcceptAgreementRequest.fromPartial({ member, partner, expected }), done),
    );
  const end = (member: string, partner: string) =>
    asked<EndAgreementResponse>((done) => membership(member).endAgreement(EndAgreementRequest.fromPartial({ member, partner }), done));
  const of = (id: string) => asked<GetMemberResponse>((done) => membership(id).getMember({ id }, done));
  /** How a member is told its agreements stand. */
  const states = async (id: string) => (await of(id)).agreements.map(({ state }) => state);
  const seen = (id: string) => expect.poll(() => states(id));
  /** Whose doors a member is handed. */
  const partners = async (id: string) => (await of(id)).partners.map(({ member }) => member);
  const there = () => fate(actor('acme'), actor('bolt'));
  const back = () => fate(actor('bolt'), actor('acme'));
  const changed = () => hub().counted('policy', 'guildhall_policy_membership_version');

  it('proposed it changes nothing; accepted as it was read, it sends each to the other’s door, and hands it over', async () => {
    await propose('acme', 'bolt');
    await seen('bolt').toEqual(['proposed']);
    expect([await there(), await back(), await partners('acme'), await partners('bolt')]).toEqual(['passed on', 'passed on', [], []]);
    const [read] = (await of('bolt')).agreements;
    await accept('bolt', 'acme', read?.revision);
    await becomes(actor('acme'), actor('bolt'), '302 direct-partner');
    await becomes(actor('bolt'), actor('acme'), '302 direct-partner');
    for (const [id, other] of [
      ['acme', 'bolt'],
      ['bolt', 'acme'],
    ] as const) {
      await seen(id).toEqual(['in force']);
      const { partners: cards, hub: card } = await of(id);
      const door = actor(other);
      expect(cards).toMatchObject([
        {
          member: other,
          domains: [door.domain],
          proxies: [{ host: '127.0.0.1', port: door.port, name: `sip.${door.domain}` }],
          pins: other === 'bolt' ? [door.identity.pin] : [],
        },
      ]);
      expect(card?.anchors.join('')).toContain(play().authority.cert.trim());
    }
    expect([await partners('crow'), await states('crow')]).toEqual([[], []]);
  });

  it('the door that is handed over opens with the trust that is handed over', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const final = await acme.hearFinal(acme.say('MESSAGE', 'sip:bob@bolt.example'));
    const { partners: cards, hub: card } = await of('acme');
    const [proxy] = cards[0]?.proxies ?? [];
    if (proxy === undefined) throw new Error('no door was handed over');
    expect(final.header('contact')).toContain(`:${proxy.port}`);
    const { cert, key } = acme.identity;
    const ca = [...(card?.anchors ?? []), ...(cards[0]?.anchors ?? [])];
    const socket = connect({ host: proxy.host, port: proxy.port, servername: proxy.name, ca, cert, key });
    const answered = new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
    });
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example');
    socket.write(said.text);
    bolt.answer(await hearRequest(bolt, said), 200);
    expect(await answered).toMatch(/^SIP\/2\.0 200 /);
    socket.destroy();
  });

  it.each([
    ['acme', 'bolt'],
    ['bolt', 'acme'],
  ])('%s ends it, and the community’s rules are in force again; then %s proposes anew', async (first, second) => {
    await end(first, second);
    await becomes(actor('acme'), actor('bolt'), 'passed on');
    await becomes(actor('bolt'), actor('acme'), 'passed on');
    await expect.poll(async () => [await states('acme'), await states('bolt'), await partners('acme')]).toEqual([[], [], []]);
    await propose(second, first);
    await seen(first).toEqual(['proposed']);
    await accept(first, second);
    await becomes(actor('acme'), actor('bolt'), '302 direct-partner');
  });

  it('with dates it begins and ends by itself', async () => {
    await end('acme', 'bolt');
    await seen('bolt').toEqual([]);
    const [validFrom, validUntil] = [inMs(1_500), inMs(3_500)];
    await propose('acme', 'bolt', { validFrom, validUntil });
    await seen('bolt').toEqual(['proposed']);
    await accept('bolt', 'acme');
    await seen('acme').toEqual(['not yet']);
    expect([await there(), await back(), await partners('bolt')]).toEqual(['passed on', 'passed on', []]);
    await becomes(actor('acme'), actor('bolt'), '302 direct-partner');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(validFrom));
    await becomes(actor('acme'), actor('bolt'), 'passed on');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(validUntil));
    await seen('bolt').toEqual(['expired']);
    expect([await back(), await partners('acme'), await partners('bolt')]).toEqual(['passed on', [], []]);
  });

  it.each<[what: string, act: () => Promise<unknown>, code: status, words: RegExp]>([
    ['to accept what it proposed itself', () => accept('acme', 'crow'), status.FAILED_PRECONDITION, /acme has accepted it already/],
    ['to accept what has changed since it was read', () => accept('crow', 'acme', 1n), status.ABORTED, /omebody else changed/],
    ['to propose beside a proposal', () => propose('crow', 'acme'), status.ALREADY_EXISTS, /acme has proposed an agreement already/],
    ['to accept what nobody proposed', () => accept('crow', 'bolt'), status.NOT_FOUND, /have no agreement/],
    ['to end what is not there', () => end('bolt', 'crow'), status.NOT_FOUND, /have no agreement/],
    ['to agree with nobody', () => propose('bolt', 'nix'), status.NOT_FOUND, /nix/],
    ['to agree with itself', () => propose('bolt', 'bolt'), status.INVALID_ARGUMENT, /cannot agree with itself/],
    ['to agree on a time gone by', () => propose('bolt', 'crow', { validUntil: '2020-01-01' }), status.INVALID_ARGUMENT, /ended already/],
    ['to agree on no time', () => propose('bolt', 'crow', { validUntil: 'soon' }), status.FAILED_PRECONDITION, /soon/],
    ['to agree on no mode', () => propose('bolt', 'crow', { mode: 'tunnel' }), status.FAILED_PRECONDITION, /tunnel/],
    [
      'to end what is of others',
      () =>
        asked<EndAgreementResponse>((done) =>
          membership('crow').endAgreement(EndAgreementRequest.fromPartial({ member: 'acme', partner: 'bolt' }), done),
        ),
      status.PERMISSION_DENIED,
      /./,
    ],
    [
      'to read what is of others',
      () => asked<ListAgreementsResponse>((done) => membership('crow').listAgreements({ member: 'acme' }, done)),
      status.PERMISSION_DENIED,
      /./,
    ],
  ])('nobody is let %s: a clear error, nothing changed', async (_what, act, code, details) => {
    if ((await states('crow')).length === 0) {
      await propose('acme', 'crow');
      await seen('crow').toEqual(['proposed']);
      await expect.poll(() => states('acme')).toHaveLength(2);
    }
    const before = await changed();
    await expect(act()).rejects.toMatchObject({ code, details: expect.stringMatching(details) });
    expect(await changed()).toBe(before);
  });

  it('a member that is removed takes its agreements along', async () => {
    await accept('crow', 'acme');
    await becomes(actor('acme'), actor('crow'), '302 direct-partner');
    const { member } = await of('crow');
    const request = RemoveMemberRequest.fromPartial({ id: 'crow', expected: member?.revision ?? 0n, order: { why: 'it left' } });
    await asked<RemoveMemberResponse>((done) => membership('operator').removeMember(request, done));
    await becomes(actor('acme'), actor('crow'), '404 unknown-domain');
    await expect.poll(() => partners('acme')).toEqual([]);
  });
});
