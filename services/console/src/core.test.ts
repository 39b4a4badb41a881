import { type Bus, connectBus } from '@guildhall/chassis/bus';
import { createLogger } from '@guildhall/chassis/log';
import { startTestServer, type TestServer } from '@guildhall/chassis/nats-server.stage';
import { createUserHash } from '@guildhall/chassis/user-hash';
import { KeptBatch, RecordAnswer } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { PrivacyKeyAnswer } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { type TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { streams, subjects } from '@guildhall/proto/subjects';
import { addFrames } from '@guildhall/proto/traffic/sums';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { configSchema } from './config.js';
import { type Core, startCore } from './core.js';
import { createEvents, type Events } from './events.js';
import { payloadOf, type ToldBatch, type ToldRecord } from './records.stage.js';
import { emptyFilter } from './search.js';

const log = createLogger('console', 'console-1', { level: 'silent', pretty: false, stream: 'stderr' });
const minute = 60_000;

let server: TestServer;
let bus: Bus;
let ending: AbortController;
const cores: Core[] = [];

beforeEach(async () => {
  server = await startTestServer(process.env);
  bus = await connectBus({ url: server.url }, 'story', log);
  ending = new AbortController();
});

afterEach(async () => {
  ending.abort();
  for (const core of cores.splice(0)) await core.close();
  await bus.close();
  await server.remove();
});

/** What policy makes. */
async function makeStreams(): Promise<void> {
  const limits = { maxAge: 3_600_000, maxBytes: 64 * 1024 * 1024 };
  await bus.stream({ name: streams.records, subjects: [subjects.records('any').replace('any', '*')], ...limits });
  await bus.stream({ name: streams.kept, subjects: [subjects.kept('any').replace('any', '*')], ...limits });
  await bus.stream({ name: streams.traffic, subjects: [subjects.trafficMinute], ...limits });
}

const noMeters = { counter: () => undefined, gauge: () => undefined };

function startConsole(
  id = 'console-1',
  settings: Record<string, unknown> = {},
): { core: Core; events: Events; counts: Map<string, number> } {
  const config = configSchema.parse({ id, nats: { url: server.url }, ...settings });
  const told = createEvents(log, noMeters, { behind: () => 0, sampled: () => 1, sizes: () => ({ members: 0, pairs: 0 }) });
  const counts = new Map<string, number>();
  const count = (what: string, by: number): void => void counts.set(what, (counts.get(what) ?? 0) + by);
  const events: Events = {
    ...told,
    batch: (result, by = 1) => count(result, by),
    minute: (result, by) => count(`minute ${result}`, by),
    failed: (what, thrown) => {
      throw new Error(what, { cause: thrown });
    },
  };
  const core = startCore(config, bus, events);
  cores.push(core);
  return { core, events, counts };
}

/** Stores batches and waits until they are. */
async function store(...batches: Uint8Array[]): Promise<void> {
  const publisher = bus.publisher({ bytes: 1e8, inFlight: 1e8, retry: 2000, stored: () => undefined, dropped: () => undefined });
  for (const [index, batch] of batches.entries()) publisher.publish(subjects.records('ingress-1'), batch, `${Math.random()}.${index}`);
  await publisher.finish(10_000);
  publisher.close();
}

function batch(records: readonly ToldRecord[], of: ToldBatch = {}): Uint8Array {
  return payloadOf(records, { at: Date.now(), ...of });
}

/** Adds frames up until they are as they should be. */
async function framesUntil(frames: AsyncIterator<TrafficFrame>, fits: (sum: TrafficFrame) => boolean): Promise<TrafficFrame> {
  let sum: TrafficFrame | undefined;
  for (;;) {
    const { value, done } = await frames.next();
    if (done === true) throw new Error('there are no more frames');
    sum = sum === undefined ? value : addFrames(sum, value);
    if (fits(sum)) return sum;
  }
}

async function ready(core: Core): Promise<AsyncIterator<TrafficFrame>> {
  const frames = core.watch([], ending.signal)[Symbol.asyncIterator]();
  while (core.reasons().length > 0) await frames.next();
  return frames;
}

it('counts what is stored, to the last record, and tells it in frames here and on the bus', async () => {
  await makeStreams();
  const { core, counts } = startConsole();
  const onBus: Uint8Array[] = [];
  bus.subscribe(subjects.traffic, (payload) => void onBus.push(payload));
  const frames = await ready(core);
  await store(
    batch([{}, {}, { status: 504, answer: RecordAnswer.HUB, code: 'far-timeout' }]),
    batch([{ peer: 'bolt', target: 'acme', status: 480 }], { first: 4 }),
    new Uint8Array([1, 2, 3]),
    Buffer.from('no protobuf at all, but text'),
  );
  const sum = await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) >= 4n);
  expect(sum.all).toMatchObject({ requests: 4n, ok: 2n, clientErrors: 1n, serverErrors: 1n, refused: 1n, requestBytes: 2400n });
  expect(sum.pairs.map(({ from, to, tally }) => [from, to, tally?.requests])).toEqual([
    ['acme', 'bolt', 3n],
    ['bolt', 'acme', 1n],
  ]);
  expect(sum.reasons).toEqual([
    { code: 'far-timeout', status: 504, count: 1n },
    { code: '', status: 480, count: 1n },
  ]);
  expect(counts.get('malformed')).toBe(2);
  expect(onBus.length).toBeGreaterThan(0);
});

it('begins without streams, and reads them once they are made', async () => {
  const { core } = startConsole();
  const frames = core.watch([], ending.signal)[Symbol.asyncIterator]();
  await frames.next();
  expect(core.reasons().join()).toContain('records cannot be read');
  await makeStreams();
  while (core.reasons().length > 0) await frames.next();
  await store(batch([{}]));
  expect((await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n)).all?.requests).toBe(1n);
});

it('completes minutes after a restart, two consoles make the same ones, and history has every record once', async () => {
  await makeStreams();
  const past = Math.floor(Date.now() / minute) * minute;
  await store(batch([{}, {}], { at: past }));
  const { core } = startConsole('console-1');
  const { core: other } = startConsole('console-2');
  const frames = await ready(core);
  await ready(other);
  await store(batch([{}], { first: 3 }));
  await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) === 1n);
  const request = { from: BigInt(past - minute), until: 0n, resolution: 60_000n, members: [] };
  const { points } = await core.query(request, ending.signal);
  expect(points.reduce((sum, { all }) => sum + (all?.requests ?? 0n), 0n)).toBe(3n);
  const hours = await core.query({ ...request, resolution: 3_600_000n }, ending.signal);
  expect(hours.points.reduce((sum, { all }) => sum + (all?.requests ?? 0n), 0n)).toBe(3n);
  const fine = await core.query({ ...request, from: BigInt(Date.now() - 30_000), resolution: 0n }, ending.signal);
  expect([fine.resolution === 1000n || fine.resolution === 60_000n, fine.points.length > 0]).toEqual([true, true]);
});

it('takes a stored minute as closed', async () => {
  await makeStreams();
  const stored = Math.floor(Date.now() / minute) * minute;
  const point = TrafficPoint.encode({ ...TrafficPoint.create(), from: BigInt(stored), length: 60_000n, lastPart: true }).finish();
  const publisher = bus.publisher({ bytes: 1e6, inFlight: 1e6, retry: 2000, stored: () => undefined, dropped: () => undefined });
  publisher.publish(subjects.trafficMinute, point, `${stored}.0`);
  await publisher.finish(5000);
  publisher.close();
  await store(batch([{}], { at: stored }));
  const { core } = startConsole();
  await ready(core);
  const { points } = await core.query({ from: BigInt(stored), until: BigInt(stored + 1), resolution: 60_000n, members: [] }, ending.signal);
  expect(points.map(({ all }) => all?.requests ?? 0n)).toEqual([0n]);
});

it('finds records, newest first, also by a hashed user', async () => {
  await makeStreams();
  const key = Buffer.alloc(32, 7);
  bus.subscribe(subjects.privacyKey, (_payload, reply) => reply?.(PrivacyKeyAnswer.encode({ key }).finish()));
  const hash = createUserHash(key)('ada@acme.example');
  await store(
    ...Array.from({ length: 300 }, (_, index) => batch([{ callId: `one-${index}` }, { callId: `two-${index}` }], { first: index * 2 + 1 })),
    batch([{ callId: 'wanted', fromUser: `~${hash}@acme.example`, status: 404, code: 'no-route', answer: RecordAnswer.HUB }], {
      first: 601,
    }),
  );
  const { core } = startConsole();
  const found = async (filter: Partial<typeof emptyFilter>, limit = 0): Promise<string[]> => {
    const ids: string[] = [];
    const request = { filter: { ...emptyFilter, ...filter }, since: 0n, until: 0n, limit };
    for await (const { records } of core.search(request, ending.signal)) ids.push(...records.map(({ callId }) => callId));
    return ids;
  };
  expect(await found({ callId: 'one-17' })).toEqual(['one-17']);
  expect(await found({ user: 'ada@ACME.example' })).toEqual(['wanted']);
  expect(await found({ refused: true })).toEqual(['wanted']);
  expect(await found({ status: 4, member: 'bolt', code: 'no-route' })).toEqual(['wanted']);
  expect(await found({ member: 'nobody' })).toEqual([]);
  expect((await found({}, 3)).length).toBe(3);
  expect((await found({ method: 'MESSAGE' }, 1000)).length).toBe(601);
});

it('tells how far a search came that ended at its limit, so that the next goes on from there', async () => {
  await makeStreams();
  const now = Date.now();
  await store(
    ...Array.from({ length: 7 }, (_, index) => batch([{ callId: `call-${index}` }], { first: index + 1, at: now - 70 + index * 10 })),
  );
  const { core } = startConsole();
  const pages: string[][] = [];
  for (let until = BigInt(now); until > 0n; ) {
    let searchedTo = 0n;
    const page: string[] = [];
    for await (const answer of core.search({ filter: emptyFilter, since: 0n, until, limit: 3 }, ending.signal)) {
      page.push(...answer.records.map(({ callId }) => callId));
      searchedTo = answer.searchedTo;
    }
    pages.push(page);
    until = searchedTo;
  }
  expect(pages).toEqual([
    ['call-6', 'call-5', 'call-4'],
    ['call-4', 'call-3', 'call-2'],
    ['call-2', 'call-1', 'call-0'],
  ]);
  const late: string[] = [];
  const from = { filter: emptyFilter, since: BigInt(now - 35), until: 0n, limit: 0 };
  for await (const { records } of core.search(from, ending.signal)) late.push(...records.map(({ callId }) => callId));
  expect(late).toEqual(['call-6', 'call-5', 'call-4']);
});

it('tells all of one call, heads of kept messages included', async () => {
  await makeStreams();
  await store(batch([{ callId: 'the-call' }, { callId: 'another' }]));
  const head = Buffer.from('MESSAGE sip:b@bolt.example SIP/2.0\r\nCall-ID: the-call\r\n\r\n');
  const message = {
    at: BigInt(Date.now()),
    ingress: 'ingress-1',
    member: 'acme',
    inbound: true,
    source: '',
    callId: 'the-call',
    bodyBytes: 5,
    why: 'logme',
    head,
  };
  const publisher = bus.publisher({ bytes: 1e6, inFlight: 1e6, retry: 2000, stored: () => undefined, dropped: () => undefined });
  publisher.publish(
    subjects.kept('ingress-1'),
    KeptBatch.encode({ messages: [message, { ...message, callId: 'another' }] }).finish(),
    'kept',
  );
  await publisher.finish(5000);
  publisher.close();
  const { core } = startConsole();
  const { records, messages, more } = await core.call({ callId: 'the-call', since: 0n }, ending.signal);
  expect(records.map(({ callId }) => callId)).toEqual(['the-call']);
  expect(messages.map((one) => [one.member, one.head.split('\r\n')[0]])).toEqual([['acme', 'MESSAGE sip:b@bolt.example SIP/2.0']]);
  expect(more).toBe(false);
});

it('hands on what comes, and counts what a slow reader leaves', async () => {
  await makeStreams();
  const { core } = startConsole('console-1', { tail: { waiting: 10 } });
  await ready(core);
  const tail = core.tail({ ...emptyFilter, member: 'bolt' }, ending.signal)[Symbol.asyncIterator]();
  const first = tail.next();
  // It receives once it waits.
  await new Promise((resolve) => setImmediate(resolve));
  await store(batch([{}, { peer: 'cove', target: 'dale' }]));
  expect((await first).value?.records.length).toBe(1);
  await store(
    batch(
      Array.from({ length: 25 }, () => ({})),
      { first: 3 },
    ),
    batch([{}], { first: 28 }),
  );
  let [got, skipped] = [0, 0n];
  while (got + Number(skipped) < 26) {
    const { value } = await tail.next();
    got += value?.records.length ?? 0;
    skipped += value?.skipped ?? 0n;
  }
  expect([got + Number(skipped), got < 26]).toEqual([26, true]);
});

it('goes on after NATS came back, with its streams and without', async () => {
  await makeStreams();
  const { core } = startConsole();
  const frames = await ready(core);
  await store(batch([{}]));
  await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n);
  await server.kill();
  await server.start();
  while (!bus.connected()) await frames.next();
  await store(batch([{}, {}], { first: 2 }));
  expect((await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n)).all?.requests).toBe(2n);
  await server.kill();
  server.forget();
  await server.start();
  while (!bus.connected()) await frames.next();
  await makeStreams();
  await store(batch([{}, {}, {}], { first: 4 }));
  expect((await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n)).all?.requests).toBe(3n);
}, 60_000);
