import { readFileSync } from 'node:fs';
import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CreateTokenRequest, type CreateTokenResponse } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { asked, openApi } from '../stage/admin.js';
import { getJson, getText, openEvents } from '../stage/events.js';
import { exchange } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';

/** For what comes by itself, on a slow machine too. */
const soon = { timeout: 30_000 };

/** As proto-loader writes messages: names as in the .proto, 64-bit numbers as text, everything that is not there left out. */
const tally = z.looseObject({ requests: z.string().default('0'), ok: z.string().default('0') });
const frameSchema = z.looseObject({
  number: z.string(),
  full: z.boolean().default(false),
  all: tally.optional(),
  pairs: z.array(z.looseObject({ from: z.string(), to: z.string(), tally })).default([]),
});
const recordSchema = z.looseObject({ peer: z.string(), target: z.string(), method: z.string(), status: z.number() });

/** A client whose stubs are made of the .proto files by protobufjs: nothing of ours is in it. */
function foreignStubs(address: string, ca: Buffer, domain: string) {
  const definition = loadSync('guildhall/metrics/v1/metrics_service.proto', {
    includeDirs: [new URL('../../proto', import.meta.url).pathname],
    longs: String,
    enums: String,
  });
  const { guildhall } = loadPackageDefinition(definition);
  const service = z
    .looseObject({
      metrics: z.looseObject({ v1: z.looseObject({ MetricsService: z.custom<MetricsConstructor>((one) => typeof one === 'function') }) }),
    })
    .parse(guildhall).metrics.v1.MetricsService;
  const client = new service(address, credentials.createSsl(ca), {
    'grpc.ssl_target_name_override': domain,
    'grpc.default_authority': domain,
  });
  return client;
}

interface ForeignStream {
  on(event: string, listener: (value: unknown) => void): unknown;
  cancel(): void;
}
interface ForeignClient {
  WatchTraffic(request: object, metadata: Metadata): ForeignStream;
  SearchRecords(request: object, metadata: Metadata): ForeignStream;
  GetStatus(request: object, metadata: Metadata, done: (error: unknown, response: unknown) => void): unknown;
  close(): void;
}
type MetricsConstructor = new (address: string, channel: ReturnType<typeof credentials.createSsl>, options: object) => ForeignClient;

describe('clients that are not ours', () => {
  const { actor, hub } = perform({ topology: { ingresses: 1, relays: 1, policies: 1, consoles: 1 }, cast: { acme: {}, bolt: {} } });
  let token: string;
  let client: ForeignClient;
  const metadata = (text = token): Metadata => {
    const made = new Metadata();
    if (text !== '') made.set('authorization', `Bearer ${text}`);
    return made;
  };

  beforeAll(async () => {
    const api = openApi(hub());
    const request = CreateTokenRequest.fromPartial({ scope: 'dashboard', note: 'a wall' });
    ({ secret: token } = await asked<CreateTokenResponse>((done) => api.access.createToken(request, done)));
    api.close();
    client = foreignStubs(hub().consoles[0]?.addresses['grpc'] ?? '', readFileSync(hub().authority.certFile), hub().domain);
  });
  afterAll(() => client?.close());

  it('are refused without a token, in words they can read', async () => {
    const error = await new Promise((resolve) => client.GetStatus({}, metadata(''), resolve));
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED, details: expect.stringContaining('Bearer TOKEN') });
    const { status: code, text } = await getText(hub(), '/v1/status', {});
    expect([code, JSON.parse(text)]).toEqual([401, { code: 'unauthenticated', message: expect.any(String), cure: expect.any(String) }]);
  });

  it('count the same, by gRPC with stubs of their own and by Server-Sent Events', async () => {
    const frames: z.infer<typeof frameSchema>[] = [];
    const stream = client.WatchTraffic({}, metadata());
    stream.on('data', (value) => frames.push(frameSchema.parse(z.looseObject({ frame: z.unknown() }).parse(value).frame)));
    stream.on('error', () => undefined);
    const events = await openEvents(hub(), '/v1/traffic', { token });
    await events.until('a frame', (all) => all.length > 0);
    await expect.poll(() => frames.length, soon).toBeGreaterThan(0);
    expect(frames[0]?.full).toBe(true);

    for (let round = 0; round < 5; round += 1) await exchange(actor('acme'), actor('bolt'));
    const sum = (all: readonly z.infer<typeof frameSchema>[]) =>
      all
        .flatMap(({ pairs }) => pairs)
        .reduce((total, pair) => total + (pair.from === 'acme' && pair.to === 'bolt' ? Number(pair.tally.ok) : 0), 0);
    const heard = () => events.events.map(({ data }) => frameSchema.parse(JSON.parse(data).frame));
    await expect.poll(() => [sum(frames), sum(heard())], soon).toEqual([5, 5]);
    // The event id is the number of the frame, which counts up by one.
    const numbers = events.events.map(({ id }) => Number(id));
    expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
    stream.cancel();
    events.close();
  });

  it('find the same records, by gRPC and by JSON', async () => {
    const found = await new Promise<unknown[]>((resolve, reject) => {
      const heard: unknown[] = [];
      const stream = client.SearchRecords({ filter: { from: 'acme', to: 'bolt' }, limit: 3 }, metadata());
      stream.on('data', (value) => heard.push(...z.looseObject({ records: z.array(z.unknown()).default([]) }).parse(value).records));
      stream.on('error', reject);
      stream.on('end', () => resolve(heard));
    });
    const json = z
      .looseObject({ records: z.array(recordSchema) })
      .parse(await getJson(hub(), '/v1/records?from=acme&to=bolt&limit=3', { token }));
    expect(json.records).toHaveLength(3);
    expect(found.map((one) => recordSchema.parse(one)).map(({ method }) => method)).toEqual(json.records.map(({ method }) => method));
    expect(json.records[0]).toMatchObject({ peer: 'acme', target: 'bolt', method: 'MESSAGE', status: 200 });
  });
});
