import { type ServiceError, status } from '@grpc/grpc-js';
import { verifyAudit } from '@guildhall/chassis/audit-chain';
import {
  CreateTokenRequest,
  type CreateTokenResponse,
  type ListAuditResponse,
  type ListTokensResponse,
  RevokeTokenRequest,
  type RevokeTokenResponse,
  type WhoAmIResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { ExplainRequest, type ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { ListMembersResponse, SetMemberStatusResponse } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import {
  ListMembersRequest,
  SetMemberStatusRequest,
  SetMemberTrustRequest,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { auditSubject, streams } from '@guildhall/proto/subjects';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { describe, expect, it, vi } from 'vitest';
import { type ApiUser, asked, openApi } from '../stage/admin.js';
import { exchange } from '../stage/exchange.js';
import type { Hub } from '../stage/hub.js';
import { memberCertificate } from '../stage/identities.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

type Api = ReturnType<typeof openApi>;

/** Does something as a user of the API, at the hub's policy number `at`. */
async function as<T>(hub: Hub, user: ApiUser | undefined, act: (api: Api) => Promise<T>, at = 0): Promise<T> {
  const api = openApi(hub, user, at);
  try {
    return await act(api);
  } finally {
    api.close();
  }
}

const whoAmI = (api: Api) => asked<WhoAmIResponse>((done) => api.access.whoAmI({}, done));

/** A token, made by the operator. */
async function token(hub: Hub, scope: string, expiresMs = 0n): Promise<CreateTokenResponse> {
  const request = CreateTokenRequest.fromPartial({ scope, expiresMs, note: 'for a story' });
  return as(hub, undefined, (api) => asked<CreateTokenResponse>((done) => api.access.createToken(request, done)));
}

/** The whole audit log, as an operator is told. */
async function log(hub: Hub, at = 0): Promise<ListAuditResponse[]> {
  return as(
    hub,
    undefined,
    (api) =>
      new Promise<ListAuditResponse[]>((resolve, reject) => {
        const told: ListAuditResponse[] = [];
        const stream = api.access.listAudit({ from: 0n, limit: 0 });
        stream.on('data', (one: ListAuditResponse) => told.push(one));
        stream.on('error', reject);
        stream.on('end', () => resolve(told));
      }),
    at,
  );
}

const suspend = (id: string) =>
  SetMemberStatusRequest.fromPartial({ order: { why: 'a story' }, id, status: 'suspended', reason: 'dues not paid' });

describe.each(topologies)('who may do what over the API, %s', (_, topology) => {
  const { actor, hub, play } = perform({ topology, cast: { acme: {}, bolt: {}, cara: {} } });
  const last = () => hub().policies.length - 1;

  it('acme asks with its certificate and is told of itself; without one, nobody is told anything', async () => {
    const acme: ApiUser = { identity: actor('acme').identity };
    expect(await as(hub(), acme, whoAmI)).toEqual({ scope: 'member:acme', by: 'certificate of acme' });
    const seen = await as(hub(), acme, (api) =>
      asked<ListMembersResponse>((done) => api.membership.listMembers(ListMembersRequest.create(), done)),
    );
    expect(seen.members.map(({ member }) => member?.id)).toEqual(['acme']);
    await expect(as(hub(), {}, whoAmI)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    const stranger = await play().safe.authority('somebody else');
    const posing = await memberCertificate(stranger, 'acme.example');
    await expect(as(hub(), { identity: posing }, whoAmI)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('a token of acme does not suspend bolt, nor change its proxies: a clear error, nothing changed, and it is on record', async () => {
    const acme: ApiUser = { token: (await token(hub(), 'member:acme')).secret };
    const refusal = as(hub(), acme, (api) =>
      asked<SetMemberStatusResponse>((done) => api.membership.setMemberStatus(suspend('bolt'), done)),
    );
    await expect(refusal).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: 'MembershipService/SetMemberStatus is not for members. Cure: ask an operator of the hub (it takes the scope operator)',
    });
    const trust = SetMemberTrustRequest.fromPartial({ id: 'bolt', proxies: [{ host: '192.0.2.66', port: 5061 }] });
    await expect(as(hub(), acme, (api) => asked((done) => api.membership.setMemberTrust(trust, done)))).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    await exchange(actor('acme'), actor('bolt'));
    const refused = (await log(hub())).flatMap(({ entry }) => (entry?.outcome === 'refused' ? [entry] : []));
    expect(refused.map(({ subject }) => subject)).toEqual(['member.bolt', 'member.bolt']);
    expect(refused[0]?.who).toMatch(/^member acme \(token [0-9a-f]{10}\)$/);
  });

  it('a dashboard looks and changes nothing; acme asks why of its own requests only', async () => {
    const dashboard: ApiUser = { token: (await token(hub(), 'dashboard')).secret };
    await expect(as(hub(), dashboard, whoAmI)).resolves.toMatchObject({ scope: 'dashboard' });
    await expect(
      as(hub(), dashboard, (api) => asked((done) => api.membership.setMemberStatus(suspend('bolt'), done))),
    ).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    const why = (from: string, to: string) =>
      as(hub(), { identity: actor('acme').identity }, (api) =>
        asked<ExplainResponse>((done) => api.admin.explain(ExplainRequest.fromPartial({ from, to }), done)),
      );
    expect((await why('bolt', 'acme')).action).toBe('forward');
    await expect(why('bolt', 'cara')).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it('a revoked or ended token lets nobody in, at any instance', async () => {
    const { token: made, secret } = await token(hub(), 'operator');
    await expect(as(hub(), { token: secret }, whoAmI, last())).resolves.toMatchObject({ scope: 'operator' });
    const request = RevokeTokenRequest.fromPartial({ id: made?.id ?? '', why: 'lost on a train' });
    await as(hub(), undefined, (api) => asked<RevokeTokenResponse>((done) => api.access.revokeToken(request, done)));
    await vi.waitFor(
      () =>
        expect(as(hub(), { token: secret }, whoAmI, last())).rejects.toMatchObject({ details: expect.stringContaining('was revoked at') }),
      30_000,
    );
    const brief = await token(hub(), 'operator', 1n);
    await expect(as(hub(), { token: brief.secret }, whoAmI)).rejects.toMatchObject({ details: expect.stringContaining('ended at') });
    const listed = await as(hub(), undefined, (api) =>
      asked<ListTokensResponse>((done) => api.access.listTokens({ endedToo: true }, done)),
    );
    expect(JSON.stringify(listed.tokens)).not.toContain(secret.split('_')[3]);
  });

  it('a suspended member is told why, over the API too, until it is active again', async () => {
    const set = (request: SetMemberStatusRequest) =>
      as(hub(), undefined, (api) => asked<SetMemberStatusResponse>((done) => api.membership.setMemberStatus(request, done)), last());
    const cara = () => as(hub(), { identity: actor('cara').identity }, whoAmI);
    await set(suspend('cara'));
    await vi.waitFor(
      () => expect(cara()).rejects.toMatchObject({ code: status.UNAUTHENTICATED, details: 'Member cara is suspended: dues not paid.' }),
      30_000,
    );
    await set({ ...suspend('cara'), status: 'active', reason: '' });
    await vi.waitFor(() => expect(cara()).resolves.toMatchObject({ scope: 'member:cara' }), 30_000);
  });

  it('every change is in one chain that all instances wrote; who changes the log is found out', async () => {
    await token(hub(), 'dashboard');
    await as(hub(), undefined, (api) => asked((done) => api.access.revokeToken(RevokeTokenRequest.create(), done)), last()).catch(
      (error: ServiceError) => expect(error.code).toBe(status.NOT_FOUND),
    );
    const told = await log(hub(), last());
    const verdict = verifyAudit(told);
    if (!verdict.sound) throw new Error(verdict.problem);
    expect(told.map(({ entry }) => Number(entry?.place))).toEqual(told.map((_one, index) => index + 1));
    expect(told.at(-1)?.entry).toMatchObject({ outcome: 'failed', method: 'AccessService/RevokeToken' });

    const { url, user, password } = hub().nats;
    const connection = await connect({ servers: url, user, pass: password });
    const manager = await jetstreamManager(connection);
    await expect(manager.streams.deleteMessage(streams.audit, 2)).rejects.toThrow();
    // Somebody with the password of policy writes a line of its own behind the others.
    await jetstream(connection).publish(auditSubject, told[0]?.encoded ?? Buffer.alloc(0));
    await connection.close();
    expect(verifyAudit(await log(hub()))).toMatchObject({ sound: false, place: told.length + 1 });
    expect(verifyAudit(told, { expected: verdict.head })).toMatchObject({ sound: true });
  });
});
