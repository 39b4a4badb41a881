import { type ServiceError, status } from '@grpc/grpc-js';
import {
  CreateTokenRequest,
  type CreateTokenResponse,
  RevokeTokenRequest,
  type RevokeTokenResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { SetMemberStatusRequest, type SetMemberStatusResponse } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { WatchTrafficResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { afterEach, describe, expect, it } from 'vitest';
import { type ApiUser, asked, openApi } from '../stage/admin.js';
import { type EventStream, getText, openEvents } from '../stage/events.js';
import { exchange } from '../stage/exchange.js';
import { badCertificates } from '../stage/identities.js';
import { type MetricsConnection, openMetrics } from '../stage/metrics.js';
import { perform } from '../stage/performance.js';

/** For what comes by itself, on a slow machine too. */
const soon = { timeout: 30_000 };

describe('who may not see the hub’s figures sees none', () => {
  const { actor, hub, play } = perform({
    topology: { ingresses: 1, relays: 1, policies: 2, consoles: 1 },
    cast: { acme: {}, bolt: {}, crow: {} },
  });
  const open = new Set<{ close(): void }>();
  afterEach(() => {
    for (const one of open) one.close();
    open.clear();
  });

  const metrics = (user?: ApiUser): MetricsConnection => {
    const api = openMetrics(hub(), user);
    open.add(api);
    return api;
  };
  const events = async (path: string, token: string): Promise<EventStream> => {
    const stream = await openEvents(hub(), path, { token });
    open.add(stream);
    return stream;
  };
  const token = async (scope: string): Promise<CreateTokenResponse> => {
    const api = openApi(hub());
    try {
      return await asked<CreateTokenResponse>((done) =>
        api.access.createToken(CreateTokenRequest.fromPartial({ scope, note: 'a story' }), done),
      );
    } finally {
      api.close();
    }
  };
  /** Watches; resolves once it has begun, to how it will end. */
  const watched = async (user: ApiUser): Promise<{ readonly over: Promise<ServiceError> }> => {
    const stream = metrics(user).client.watchTraffic({ members: [] });
    const over = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
    await Promise.race([new Promise((resolve) => stream.once('data', resolve)), over]);
    return { over };
  };
  const lastWords = async (stream: EventStream): Promise<unknown> => {
    const all = await stream.until('its end', (heard) => heard.some(({ event }) => event === 'end'), soon.timeout);
    return JSON.parse(all.at(-1)?.data ?? '');
  };

  it('nobody, by either door', async () => {
    const refused = { code: status.UNAUTHENTICATED };
    await expect(metrics({}).status()).rejects.toMatchObject(refused);
    await expect(metrics({ token: `gh1_a_${'0'.repeat(10)}_${'0'.repeat(48)}` }).status()).rejects.toMatchObject(refused);
    for (const path of ['/v1/traffic', '/v1/records', '/v1/status', '/v1/schema']) {
      expect((await getText(hub(), path, {})).status).toBe(401);
      expect((await getText(hub(), `${path}?access_token=${hub().operatorToken()}`, {})).status).toBe(401);
    }
  });

  // OpenSSL of the client does not even load a weak key.
  it.each(Object.entries(badCertificates).filter(([reason]) => reason !== 'weak-key'))(
    'who shows a certificate that is %s, as at the SIP door',
    async (_reason, issue) => {
      const identity = await issue(play().authority, 'acme.example', play().safe);
      await expect(metrics({ identity }).status()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    },
  );

  it('whose token is revoked, at once: streams that run end', async () => {
    const { secret, token: made } = await token('dashboard');
    const { over } = await watched({ token: secret });
    const [traffic, tail] = await Promise.all([events('/v1/traffic', secret), events('/v1/records/tail', secret)]);
    const operator = metrics().watch();
    const api = openApi(hub());
    open.add(api);
    const request = RevokeTokenRequest.fromPartial({ id: made?.id ?? '', why: 'lost' });
    await asked<RevokeTokenResponse>((done) => api.access.revokeToken(request, done));
    expect(await over).toMatchObject({ code: status.UNAUTHENTICATED, details: expect.stringContaining('was revoked') });
    for (const stream of [traffic, tail]) expect(await lastWords(stream)).toMatchObject({ code: 'unauthenticated' });
    expect((await getText(hub(), '/v1/status', { token: secret })).status).toBe(401);
    const before = operator.items.length;
    await operator.until('more', (frames) => frames.length > before + 1);
  });

  it('which is a member and suspended, by token and by certificate', async () => {
    const { secret } = await token('member:crow');
    const [byToken, byCertificate] = [await watched({ token: secret }), await watched({ identity: actor('crow').identity })];
    const api = openApi(hub());
    open.add(api);
    const set = (to: string, reason: string) => {
      const order = { why: 'dues not paid', dryRun: false };
      const request = SetMemberStatusRequest.fromPartial({ id: 'crow', status: to, reason, order });
      return asked<SetMemberStatusResponse>((done) => api.membership.setMemberStatus(request, done));
    };
    await set('suspended', 'dues not paid');
    for (const { over } of [byToken, byCertificate]) {
      expect(await over).toMatchObject({ code: status.UNAUTHENTICATED, details: expect.stringContaining('suspended') });
    }
    await set('active', '');
    await expect.poll(() => metrics({ token: secret }).status(), soon).toMatchObject({ verdict: expect.any(String) });
  });

  it('who asks for what is too large is told so, and costs nobody anything', async () => {
    const api = metrics();
    for (const filter of [{ user: 'u'.repeat(10_000) }, { callId: 'c'.repeat(10_000) }, { traceId: 'x' }]) {
      await expect(api.search(filter)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    await expect(api.search({ user: 'u'.repeat(1_000_000) })).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect((await getText(hub(), `/v1/records?user=${'u'.repeat(10_000)}`)).status).toBe(400);
    expect((await getText(hub(), `/v1/records?user=${'u'.repeat(30_000)}`)).status).toBe(431);
    await expect(api.status()).resolves.toMatchObject({ verdict: expect.any(String) });
  });

  it('who reads nothing keeps nobody else from reading', async () => {
    const lazy = metrics().client.watchTraffic({ members: [] });
    lazy.on('error', () => undefined);
    await new Promise((resolve) => lazy.once('data', (one: WatchTrafficResponse) => resolve(one)));
    lazy.pause();
    const keen = metrics().watch();
    await keen.until('a first frame', (frames) => frames.length > 0);
    await exchange(actor('acme'), actor('bolt'));
    const requests = () => keen.items.reduce((sum, { all }) => sum + (all?.requests ?? 0n), 0n);
    await expect.poll(requests, soon).toBeGreaterThan(0n);
    lazy.cancel();
  });

  it('anybody, while every policy is away: new calls are refused as such, and streams end', async () => {
    const { over } = await watched({ token: hub().operatorToken() });
    const [first, second] = hub().policies;
    await first?.stop();
    // One that is left is enough.
    await expect(metrics().status()).resolves.toMatchObject({ verdict: expect.any(String) });
    await second?.stop();
    expect(await over).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('policy does not answer') });
    await expect(metrics().status()).rejects.toMatchObject({ code: status.UNAVAILABLE });
    const { status: code, text, headers } = await getText(hub(), '/v1/status');
    expect([code, headers['retry-after'], JSON.parse(text).code]).toEqual([503, '2', 'unavailable']);
  });
});
