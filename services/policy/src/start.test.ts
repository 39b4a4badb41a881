import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { Fault } from '@guildhall/chassis/fault';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import type { Running } from '@guildhall/chassis/running';
import {
  AdminServiceClient,
  ExplainRequest,
  type ExplainResponse,
  type GetMembershipResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { Ask, Changed, TokenKeys, TrustPage, Verdict } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { buckets, membershipKeys, subjects } from '@guildhall/proto/subjects';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { configSchema } from './config.js';
import { start } from './start.js';

const log = createLogger('test', 'policy', { level: 'silent', pretty: false });
const folder = mkdtempSync(join(tmpdir(), 'guildhall-policy-'));
const running: { stop(): Promise<void> }[] = [];
let server: TestServer;
let bus: Bus;

// A certificate authority made for this test alone; its key was thrown away.
const authority = `-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUSrBgRxaOd5lTSnsN6bkqIt0HABgwCgYIKoZIzj0EAwIw
IzEhMB8GA1UEAwwYR3VpbGRoYWxsIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMjEz
NDA0MVoYDzIxMjYxMDI5MTM0MDQxWjAjMSEwHwYDVQQDDBhHdWlsZGhhbGwgdGVz
dCBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASSlOz0p6EZNcov
DzeY+U+JA00woMJx/kQ2Bl/twt3r8Ca08GM0xLxOTq6ae61fYL7sh3j7YGlkgUqs
0lszwA4Uo1MwUTAdBgNVHQ4EFgQUP3Cq/dE4l2ODVS8vTo5a/9tWkj4wHwYDVR0j
BBgwFoAUP3Cq/dE4l2ODVS8vTo5a/9tWkj4wDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiBVqKtrvXyc/xkZEX2xfkDhJSLkDs1pqNZ9/B+M+p5m5gIh
APiuI1kLyR53A2G2GI5+Y+yc2nx+LOE5XETNVqmL+Zpi
-----END CERTIFICATE-----
`;

const members = (...ids: string[]) => ids.map((id) => `  - { id: ${id}, domains: [${id}.example] }`).join('\n');

function community(text: string, ca = 'ca.crt'): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(
    path,
    `community: { id: guild, name: Guild }\nhub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: { ca: [${ca}] } }\nmembers:\n${text}\n`,
  );
  return path;
}

interface Settings {
  id?: string;
  community?: string;
  grpc?: { port?: number; requestBytes?: string };
  reload?: number;
}

async function policy(settings: Settings = {}): Promise<Running & { stop(): Promise<void> }> {
  const ending = new AbortController();
  const grpc = { operatorTokenFile: join(folder, 'operator.token'), ...settings.grpc };
  const config = configSchema.parse({ nats: { url: server.url }, log: { level: 'silent' }, ...settings, grpc });
  const started = await start(config, ending.signal);
  const stop = () => {
    ending.abort();
    return started.closed;
  };
  running.push({ stop });
  return { ...started, stop };
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error(`expected a Fault, got ${String(thrown)}`);
}

/** Makes the membership empty, as on the first day. */
async function clear(): Promise<void> {
  const bucket = await bus.keyValue(buckets.membership, { history: 16 });
  for (const { key } of await bucket.entries()) await bucket.delete(key);
}

async function ask(peer: string, toDomain: string): Promise<Verdict> {
  const payload = Ask.encode({
    peer,
    fromDomain: `${peer}.example`,
    target: { $case: 'toDomain', value: toDomain },
    method: 'MESSAGE',
    event: '',
  }).finish();
  return Verdict.decode(await bus.request(subjects.ask, payload, 2000));
}

async function readyz(one: Running): Promise<unknown> {
  return (await fetch(`http://${one.addresses['admin']}/readyz`)).json();
}

/** The value of a metric without labels of its own. */
async function metric(one: Running, name: string): Promise<number | undefined> {
  const text = await (await fetch(`http://${one.addresses['admin']}/metrics`)).text();
  const value = new RegExp(`^${name}(?:{[^}]*})? ([0-9.]+)`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** One unary call of an operator. */
function call<T>(
  one: Running,
  invoke: (client: AdminServiceClient, as: Metadata, done: (error: ServiceError | null, response: T) => void) => unknown,
): Promise<T> {
  const client = new AdminServiceClient(one.addresses['grpc'] ?? '', credentials.createInsecure());
  const as = new Metadata();
  as.set('authorization', `Bearer ${readFileSync(join(folder, 'operator.token'), 'latin1').trim()}`);
  return new Promise<T>((resolve, reject) => {
    invoke(client, as, (error, response) => (error === null ? resolve(response) : reject(error)));
  }).finally(() => client.close());
}

function explain(one: Running, from: string, to: string): Promise<ExplainResponse> {
  return call<ExplainResponse>(one, (client, as, done) => client.explain(ExplainRequest.fromPartial({ from, to }), as, done));
}

beforeAll(async () => {
  writeFileSync(join(folder, 'ca.crt'), authority);
  writeFileSync(join(folder, 'junk.crt'), 'nothing here');
  server = await startTestServer(process.env);
  bus = await connectBus({ url: server.url }, 'test', log);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  await clear();
});
afterAll(async () => {
  await bus.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('a bad start', () => {
  it.each<[string, () => Settings, string, string]>([
    [
      'a community file that is not there',
      () => ({ community: join(folder, 'none.yaml') }),
      'community-unreadable',
      'there is no such file',
    ],
    ['a folder for a file', () => ({ community: folder }), 'community-unreadable', 'it is no regular file'],
    [
      'an unknown key',
      () => ({ community: community('  - { id: a, domains: [a.example], prxies: [] }') }),
      'community',
      '.yaml:4:36: members[0].prxies: there is no such key (did you mean proxies?)',
    ],
    [
      'an authority that is not there',
      () => ({ community: community(members('a'), 'none.crt') }),
      'community',
      '.yaml:2:120: hub.trust.ca[0]: none.crt cannot be read: there is no such file',
    ],
    [
      'an authority that is none',
      () => ({ community: community(members('a'), 'junk.crt') }),
      'community',
      'hub.trust.ca[0]: junk.crt has no certificate in PEM form',
    ],
  ])('with %s says what to do', async (_, settings, code, message) => {
    const fault = await faultOf(policy(settings()));
    expect([fault.code, fault.exitCode]).toEqual([code, 2]);
    expect(fault.message).toContain(message);
    expect(fault.cure).not.toBe('');
  });

  it('with a port that is taken leaves nothing open', async () => {
    const first = await policy({ id: 'first' });
    const port = Number(first.addresses['grpc']?.split(':')[1]);
    const fault = await faultOf(policy({ id: 'second', grpc: { port } }));
    expect([fault.code, fault.message.includes(String(port))]).toEqual(['port-taken', true]);
  });
});

describe('policy', () => {
  it('brings the file in, answers, explains in the same words, and ends', async () => {
    const one = await policy({ community: community(members('acme', 'bolt')) });
    await vi.waitFor(async () => expect(await readyz(one)).toEqual({ ok: true, reasons: [] }), 30_000);
    const verdict = await ask('acme', 'bolt.example');
    expect([verdict.member, verdict.code]).toEqual(['bolt', 'allowed']);
    const explained = await explain(one, 'acme', 'sip:bob@bolt.example');
    expect([explained.action, explained.sentence, explained.version]).toEqual(['forward', verdict.sentence, verdict.version]);
    const keys = TokenKeys.decode(await bus.request(subjects.tokenKeys, Buffer.alloc(0), 2000)).keys;
    expect(keys.map((key) => key.secret.length)).toEqual([32]);
    const page = TrustPage.decode(await bus.request(subjects.trust, Buffer.alloc(0), 2000));
    expect([page.members.map((member) => member.id), page.anchors]).toEqual([['acme', 'bolt'], [authority]]);
    await one.stop();
    await expect(ask('acme', 'bolt.example')).rejects.toMatchObject({ code: 'no-responders' });
  });

  it('says over gRPC what is wrong with a question, and what the membership is', async () => {
    const one = await policy({ community: community(members('acme')), grpc: { requestBytes: '64KiB' } });
    await expect(explain(one, '', 'acme')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'from is empty: give a member id, a domain or a SIP URI.',
    });
    await expect(explain(one, 'acme', 'x'.repeat(100_000))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    const membership = await call<GetMembershipResponse>(one, (client, as, done) => client.getMembership({ version: 0n }, as, done));
    expect([membership.community?.id, membership.members.map((member) => member.id)]).toEqual(['guild', ['acme']]);
  });

  it('takes a bucket as it is without a file, and is not ready while that is empty', async () => {
    const one = await policy({});
    expect(await readyz(one)).toMatchObject({ ok: false, reasons: [expect.stringContaining('the membership is empty')] });
    await expect(explain(one, 'a', 'b')).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(ask('acme', 'bolt.example')).rejects.toMatchObject({ code: 'no-responders' });
    await policy({ id: 'policy-2', community: community(members('acme', 'bolt')) });
    await vi.waitFor(async () => expect(await readyz(one)).toEqual({ ok: true, reasons: [] }), 30_000);
    expect((await explain(one, 'acme', 'bolt')).action).toBe('forward');
  });

  it('announces changes with the members they concern, and skips values that cannot be read', async () => {
    const told: string[] = [];
    const stop = bus.subscribe(subjects.changed, (payload) => {
      const { members: touched, all } = Changed.decode(payload);
      told.push(all ? 'all' : touched.join(','));
    });
    const file = community(members('acme', 'bolt'));
    const one = await policy({ community: file });
    await vi.waitFor(() => expect(told).toContain('all'), 30_000);
    told.length = 0;
    const bucket = await bus.keyValue(buckets.membership, { history: 16 });
    await bucket.put(membershipKeys.rule('junk'), Buffer.from([0x0a, 0xff]));
    await policy({
      id: 'policy-2',
      community: community(`${members('acme')}\n  - { id: bolt, domains: [bolt.example], status: suspended }`),
    });
    await vi.waitFor(() => expect(told).toContain('bolt'), 30_000);
    await vi.waitFor(async () => expect((await explain(one, 'acme', 'bolt')).code).toBe('target-not-active'), 30_000);
    stop();
  });

  it('takes up a changed file, and keeps what is in force when it cannot be used', async () => {
    const file = community(members('acme', 'bolt'));
    const sound = readFileSync(file, 'utf8');
    const one = await policy({ community: file, reload: 20 });
    writeFileSync(file, 'community: {');
    await vi.waitFor(async () => expect(await metric(one, 'guildhall_policy_file_refusals_total')).toBe(1), 30_000);
    expect((await explain(one, 'acme', 'bolt')).action).toBe('forward');
    writeFileSync(file, sound.replace('id: bolt,', 'id: bolt, status: suspended,'));
    await vi.waitFor(async () => expect((await explain(one, 'acme', 'bolt')).code).toBe('target-not-active'), 30_000);
  });

  it('converges when three start at once with the same file', async () => {
    const file = community(members(...Array.from({ length: 100 }, (_, at) => `m${at}`)));
    const three = await Promise.all(['a', 'b', 'c'].map((id) => policy({ id, community: file })));
    await vi.waitFor(async () => {
      const versions = await Promise.all(three.map(async (one) => (await explain(one, 'm1', 'm99')).version));
      expect(new Set(versions).size).toBe(1);
    }, 30_000);
    const bucket = await bus.keyValue(buckets.tokenKeys, { history: 1 });
    const keys = TokenKeys.decode((await bucket.get('keys'))?.value ?? Buffer.alloc(0)).keys;
    expect(keys).toHaveLength(1);
  });

  it('puts everything back when NATS lost its storage', async () => {
    const one = await policy({ community: community(members('acme', 'bolt')) });
    const before = TokenKeys.decode(await bus.request(subjects.tokenKeys, Buffer.alloc(0), 2000)).keys;
    await server.kill();
    server.forget();
    await server.start();
    await vi.waitFor(async () => expect(await readyz(one)).toEqual({ ok: true, reasons: [] }), 30_000);
    await vi.waitFor(
      async () =>
        expect((await (await bus.keyValue(buckets.membership, { history: 16 })).entries()).map((entry) => entry.key)).toEqual([
          'community',
          'file',
          'member.acme',
          'member.bolt',
        ]),
      30_000,
    );
    await vi.waitFor(async () => expect((await ask('acme', 'bolt.example')).code).toBe('allowed'), 30_000);
    // Each question is answered as soon as what it needs is back.
    const after = await vi.waitFor(async () => TokenKeys.decode(await bus.request(subjects.tokenKeys, Buffer.alloc(0), 2000)).keys, {
      timeout: 15_000,
    });
    expect(after.map((key) => key.id)).toEqual(expect.arrayContaining(before.map((key) => key.id)));
  });
});
