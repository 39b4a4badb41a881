import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import type { Running } from '@guildhall/chassis/running';
import {
  type ExportMembershipResponse,
  type GetMemberResponse,
  type ListHistoryResponse,
  MembershipServiceClient,
  PutMemberRequest,
  type PutMemberResponse,
  SetMemberStatusRequest,
  type SetMemberStatusResponse,
  type WatchMembershipResponse,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { Changed } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { buckets, subjects } from '@guildhall/proto/subjects';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { configSchema } from '../config.js';
import { start } from '../start.js';

/** The membership as data in the real thing: gRPC, a real nats-server, the file on disk. */

const log = createLogger('test', 'policy', { level: 'silent', pretty: false });
const folder = mkdtempSync(join(tmpdir(), 'guildhall-membership-'));
const open: { stop(): Promise<void> }[] = [];
let server: TestServer;
let bus: Bus;

const member = (id: string, rest = '') => `  - { id: ${id}, domains: [${id}.example]${rest} }\n`;
const community = (members: string) =>
  `community: { id: guild, name: Guild }\nhub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: {} }\nmembers:\n${members}`;

function fileWith(members: string): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(path, community(members));
  return path;
}

async function policy(settings: { id?: string; community?: string; reload?: number } = {}): Promise<Running> {
  const ending = new AbortController();
  const grpc = { operatorTokenFile: join(folder, 'operator.token') };
  const started = await start(
    configSchema.parse({ nats: { url: server.url }, log: { level: 'silent' }, grpc, ...settings }),
    ending.signal,
  );
  open.push({
    stop() {
      ending.abort();
      return started.closed;
    },
  });
  return started;
}
const stopAll = () => Promise.all(open.splice(0).map((one) => one.stop()));

function operator(): Metadata {
  const as = new Metadata();
  as.set('authorization', `Bearer ${readFileSync(join(folder, 'operator.token'), 'latin1').trim()}`);
  return as;
}

function call<T>(
  one: Running,
  invoke: (client: MembershipServiceClient, as: Metadata, done: (error: ServiceError | null, response: T) => void) => unknown,
): Promise<T> {
  const client = new MembershipServiceClient(one.addresses['grpc'] ?? '', credentials.createInsecure());
  return new Promise<T>((resolve, reject) => {
    invoke(client, operator(), (error, response) => (error === null ? resolve(response) : reject(error)));
  }).finally(() => client.close());
}

const get = (one: Running, id: string) => call<GetMemberResponse>(one, (client, as, done) => client.getMember({ id }, as, done));
const setStatus = (one: Running, id: string, to: string, rest: { reason?: string; until?: string } = {}) =>
  call<SetMemberStatusResponse>(one, (client, as, done) =>
    client.setMemberStatus(SetMemberStatusRequest.fromPartial({ id, status: to, ...rest, order: { why: 'test' } }), as, done),
  );
const put = (one: Running, id: string, expected: bigint) =>
  call<PutMemberResponse>(one, (client, as, done) =>
    client.putMember(PutMemberRequest.fromPartial({ expected, member: { id, domains: [`${id}.example`] } }), as, done),
  );
const statusOf = async (one: Running, id: string) => (await get(one, id)).member?.member?.status;

async function metric(one: Running, name: string): Promise<number> {
  const text = await (await fetch(`http://${one.addresses['admin']}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:{[^}]*})? ([0-9.]+)`, 'm').exec(text)?.[1] ?? 'NaN');
}

beforeAll(async () => {
  server = await startTestServer(process.env);
  bus = await connectBus({ url: server.url }, 'test', log);
});
afterEach(async () => {
  await stopAll();
  const bucket = await bus.keyValue(buckets.membership, { history: 64 });
  for (const { key } of await bucket.entries()) await bucket.delete(key);
});
afterAll(async () => {
  await bus.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('the bucket is the truth', () => {
  it('a file that is as it was changes nothing at the next start, and what operators did stays', async () => {
    const file = fileWith(member('acme') + member('bolt'));
    const first = await policy({ community: file });
    await setStatus(first, 'bolt', 'suspended', { reason: 'fees' });
    await stopAll();
    const bucket = await bus.keyValue(buckets.membership, { history: 64 });
    const before = await bucket.lastRevision();
    const second = await policy({ community: file });
    expect([await statusOf(second, 'bolt'), await bucket.lastRevision()]).toEqual(['suspended', before]);
  });

  it('a file that changes something else is brought in beside what operators did', async () => {
    const file = fileWith(member('acme') + member('bolt'));
    const one = await policy({ community: file, reload: 20 });
    await setStatus(one, 'bolt', 'suspended', { reason: 'fees' });
    writeFileSync(file, community(member('acme') + member('bolt') + member('crow')));
    await vi.waitFor(async () => expect(await statusOf(one, 'crow')).toBe('active'), 30_000);
    expect(await statusOf(one, 'bolt')).toBe('suspended');
  });

  it('a file that changes the same is refused and counted; the export goes in its place', async () => {
    const file = fileWith(member('acme') + member('bolt'));
    const one = await policy({ community: file, reload: 20 });
    await setStatus(one, 'bolt', 'suspended', { reason: 'fees' });
    writeFileSync(file, community(member('acme', ', status: pending') + member('bolt', ', status: pending')));
    await vi.waitFor(async () => expect(await metric(one, 'guildhall_policy_file_refusals_total')).toBe(1), 30_000);
    expect([await statusOf(one, 'acme'), await statusOf(one, 'bolt')]).toEqual(['active', 'suspended']);
    const { yaml } = await call<ExportMembershipResponse>(one, (client, as, done) => client.exportMembership({ version: 0n }, as, done));
    writeFileSync(file, yaml.replace('- id: acme\n', '- id: acme\n    status: pending\n'));
    await vi.waitFor(async () => expect(await statusOf(one, 'acme')).toBe('pending'), 30_000);
    expect(await statusOf(one, 'bolt')).toBe('suspended');
  });
});

describe('a change over gRPC', () => {
  it('reaches the other instance and the bus, and is told to those who watch', async () => {
    const one = await policy({ community: fileWith(member('acme') + member('bolt')) });
    const other = await policy({ id: 'policy-2' });
    const touched: string[] = [];
    const stop = bus.subscribe(subjects.changed, (payload) => touched.push(...Changed.decode(payload).members));
    const client = new MembershipServiceClient(other.addresses['grpc'] ?? '', credentials.createInsecure());
    const lines: string[] = [];
    const watch = client.watchMembership({}, operator());
    watch.on('error', () => undefined);
    const told = new Promise<void>((resolve) => {
      watch.on('data', ({ entries }: WatchMembershipResponse) => {
        lines.push(...entries.flatMap((entry) => entry.lines));
        if (entries.length === 0) resolve();
      });
    });
    await told;
    await setStatus(one, 'bolt', 'quarantined', { reason: 'loops', until: '2099-01-01T00:00:00Z' });
    await vi.waitFor(
      () =>
        expect([lines, touched]).toEqual([
          ['status: active -> quarantined', 'statusReason: nothing -> loops', 'statusUntil: nothing -> 2099-01-01T00:00:00.000Z'],
          expect.arrayContaining(['bolt']),
        ]),
      30_000,
    );
    watch.cancel();
    client.close();
    stop();
  });

  it('made from an old revision is told, with who and when, and not made', async () => {
    const one = await policy({ community: fileWith(member('acme')) });
    const seen = (await get(one, 'acme')).member?.revision ?? 0n;
    await setStatus(one, 'acme', 'suspended');
    await expect(put(one, 'acme', seen)).rejects.toMatchObject({
      code: status.ABORTED,
      details: expect.stringMatching(/Somebody else changed member\.acme in revision \d+ \(operator \(.+\), \d{4}-.+: test\)\./),
    });
    expect(await statusOf(one, 'acme')).toBe('suspended');
  });

  it('of two instances at the same moment is made once', async () => {
    const file = fileWith(member('acme'));
    const [one, two] = [await policy({ community: file }), await policy({ id: 'policy-2', community: file })];
    const both = await Promise.allSettled([put(one, 'new', 0n), put(two, 'new', 0n)]);
    expect(both.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const rejected = both.find((result) => result.status === 'rejected');
    expect(rejected?.reason).toMatchObject({ code: status.ALREADY_EXISTS });
  });

  it('removed leaves who did it in the history', async () => {
    const one = await policy({ community: fileWith(member('acme') + member('bolt')) });
    const expected = (await get(one, 'bolt')).member?.revision ?? 0n;
    await call(one, (client, as, done) => client.removeMember({ id: 'bolt', expected, order: { why: 'left', dryRun: false } }, as, done));
    await expect(get(one, 'bolt')).rejects.toMatchObject({ code: status.NOT_FOUND });
    const { revisions } = await call<ListHistoryResponse>(one, (client, as, done) =>
      client.listHistory({ key: 'member.bolt', before: 0n, limit: 1 }, as, done),
    );
    expect(revisions[0]).toMatchObject({ kind: 'delete', why: 'left', who: expect.stringContaining('operator') });
  });
});

describe('a status with an end', () => {
  it('ends by itself, by the hand of one of the instances', async () => {
    const file = fileWith(member('acme'));
    const one = await policy({ community: file });
    await policy({ id: 'policy-2', community: file });
    await setStatus(one, 'acme', 'suspended', { reason: 'fees', until: new Date(Date.now() + 2000).toISOString() });
    expect(await statusOf(one, 'acme')).toBe('suspended');
    await vi.waitFor(async () => expect(await statusOf(one, 'acme')).toBe('active'), 30_000);
    const { revisions } = await call<ListHistoryResponse>(one, (client, as, done) =>
      client.listHistory({ key: 'member.acme', before: 0n, limit: 9 }, as, done),
    );
    expect(revisions.map(({ who }) => who).filter((who) => who === 'policy')).toEqual(['policy']);
  });
});
