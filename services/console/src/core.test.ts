import { createUserHash } from '@guildhall/chassis/user-hash';
import { KeptBatch, RecordAnswer } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { PrivacyKeyAnswer } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { type TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { subjects } from '@guildhall/proto/subjects';
import { addFrames } from '@guildhall/proto/traffic/sums';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { batch, type CoreStage, openCoreStage, ready } from './core.stage.js';
import { emptyFilter } from './search.js';

const minute = 60_000;

let stage: CoreStage;
beforeEach(async () => {
  stage = await openCoreStage(process.env);
});
afterEach(() => stage.close());

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

it('counts what is stored, to the last record, and tells it in frames here and on the bus', async () => {
  await stage.makeStreams();
  const { core, counts } = stage.startConsole();
  const onBus: Uint8Array[] = [];
  stage.bus.subscribe(subjects.traffic, (payload) => void onBus.push(payload));
  const frames = await ready(core, stage.signal);
  await stage.store([
    batch([{}, {}, { status: 504, answer: RecordAnswer.HUB, code: 'far-timeout' }]),
    batch([{ peer: 'bolt', target: 'acme', status: 480 }], { first: 4 }),
    new Uint8Array([1, 2, 3]),
    Buffer.from('no protobuf at all, but text'),
  ]);
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
  const { core } = stage.startConsole();
  const frames = core.watch([], stage.signal)[Symbol.asyncIterator]();
  await frames.next();
  expect(core.reasons().join()).toContain('records cannot be read');
  await stage.makeStreams();
  while (core.reasons().length > 0) await frames.next();
  await stage.store([batch([{}])]);
  expect((await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n)).all?.requests).toBe(1n);
});

it('completes minutes after a restart, two consoles make the same ones, and history has every record once', async () => {
  await stage.makeStreams();
  const past = Math.floor(Date.now() / minute) * minute;
  await stage.store([batch([{}, {}], { at: past })]);
  const { core } = stage.startConsole('console-1');
  const { core: other } = stage.startConsole('console-2');
  const frames = await ready(core, stage.signal);
  await ready(other, stage.signal);
  await stage.store([batch([{}], { first: 3 })]);
  await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) === 1n);
  const request = { from: BigInt(past - minute), until: 0n, resolution: 60_000n, members: [] };
  const { points } = await core.query(request, stage.signal);
  expect(points.reduce((sum, { all }) => sum + (all?.requests ?? 0n), 0n)).toBe(3n);
  const hours = await core.query({ ...request, resolution: 3_600_000n }, stage.signal);
  expect(hours.points.reduce((sum, { all }) => sum + (all?.requests ?? 0n), 0n)).toBe(3n);
  const fine = await core.query({ ...request, from: BigInt(Date.now() - 30_000), resolution: 0n }, stage.signal);
  expect([fine.resolution === 1000n || fine.resolution === 60_000n, fine.points.length > 0]).toEqual([true, true]);
});

it('takes a stored minute as closed', async () => {
  await stage.makeStreams();
  const stored = Math.floor(Date.now() / minute) * minute;
  const point = TrafficPoint.encode({ ...TrafficPoint.create(), from: BigInt(stored), length: 60_000n, lastPart: true }).finish();
  await stage.store([point], subjects.trafficMinute);
  await stage.store([batch([{}], { at: stored })]);
  const { core } = stage.startConsole();
  await ready(core, stage.signal);
  const { points } = await core.query({ from: BigInt(stored), until: BigInt(stored + 1), resolution: 60_000n, members: [] }, stage.signal);
  expect(points.map(({ all }) => all?.requests ?? 0n)).toEqual([0n]);
});

it('finds records, newest first, also by a hashed user', async () => {
  await stage.makeStreams();
  const key = Buffer.alloc(32, 7);
  stage.bus.subscribe(subjects.privacyKey, (_payload, reply) => reply?.(PrivacyKeyAnswer.encode({ key }).finish()));
  const hash = createUserHash(key)('ada@acme.example');
  await stage.store([
    ...Array.from({ length: 300 }, (_, index) => batch([{ callId: `one-${index}` }, { callId: `two-${index}` }], { first: index * 2 + 1 })),
    batch([{ callId: 'wanted', fromUser: `~${hash}@acme.example`, status: 404, code: 'no-route', answer: RecordAnswer.HUB }], {
      first: 601,
    }),
  ]);
  const { core } = stage.startConsole();
  const found = async (filter: Partial<typeof emptyFilter>, limit = 0): Promise<string[]> => {
    const ids: string[] = [];
    const request = { filter: { ...emptyFilter, ...filter }, since: 0n, until: 0n, limit };
    for await (const { records } of core.search(request, stage.signal)) ids.push(...records.map(({ callId }) => callId));
    return ids;
  };
  expect(await found({ callId: 'one-17' })).toEqual(['one-17']);
  expect(await found({ user: 'ada@ACME.example' })).toEqual(['wanted']);
  expect(await found({ user: 'sip:ada@acme.example' })).toEqual(['wanted']);
  expect(await found({ refused: true })).toEqual(['wanted']);
  expect(await found({ status: 4, member: 'bolt', code: 'no-route' })).toEqual(['wanted']);
  expect(await found({ member: 'nobody' })).toEqual([]);
  expect((await found({}, 3)).length).toBe(3);
  expect((await found({ method: 'MESSAGE' }, 1000)).length).toBe(601);
});

it('tells how far a search came that ended at its limit, so that the next goes on from there', async () => {
  await stage.makeStreams();
  const now = Date.now();
  await stage.store([
    ...Array.from({ length: 7 }, (_, index) => batch([{ callId: `call-${index}` }], { first: index + 1, at: now - 70 + index * 10 })),
  ]);
  const { core } = stage.startConsole();
  const pages: string[][] = [];
  for (let until = BigInt(now); until > 0n; ) {
    let searchedTo = 0n;
    const page: string[] = [];
    for await (const answer of core.search({ filter: emptyFilter, since: 0n, until, limit: 3 }, stage.signal)) {
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
  for await (const { records } of core.search(from, stage.signal)) late.push(...records.map(({ callId }) => callId));
  expect(late).toEqual(['call-6', 'call-5', 'call-4']);
});

it('tells all of one call, heads of kept messages included', async () => {
  await stage.makeStreams();
  await stage.store([batch([{ callId: 'the-call' }, { callId: 'another' }])]);
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
  await stage.store([KeptBatch.encode({ messages: [message, { ...message, callId: 'another' }] }).finish()], subjects.kept('ingress-1'));
  const { core } = stage.startConsole();
  const { records, messages, more } = await core.call({ callId: 'the-call', since: 0n }, stage.signal);
  expect(records.map(({ callId }) => callId)).toEqual(['the-call']);
  expect(messages.map((one) => [one.member, one.head.split('\r\n')[0]])).toEqual([['acme', 'MESSAGE sip:b@bolt.example SIP/2.0']]);
  expect(more).toBe(false);
});

it('hands on what comes, and counts what a slow reader leaves', async () => {
  await stage.makeStreams();
  const { core } = stage.startConsole('console-1', { tail: { waiting: 10 } });
  await ready(core, stage.signal);
  const tail = core.tail({ ...emptyFilter, member: 'bolt' }, stage.signal)[Symbol.asyncIterator]();
  const first = tail.next();
  // It receives once it waits.
  await new Promise((resolve) => setImmediate(resolve));
  await stage.store([batch([{}, { peer: 'cove', target: 'dale' }])]);
  expect((await first).value?.records.length).toBe(1);
  await stage.store([
    batch(
      Array.from({ length: 25 }, () => ({})),
      { first: 3 },
    ),
    batch([{}], { first: 28 }),
  ]);
  let [got, skipped] = [0, 0n];
  while (got + Number(skipped) < 26) {
    const { value } = await tail.next();
    got += value?.records.length ?? 0;
    skipped += value?.skipped ?? 0n;
  }
  expect([got + Number(skipped), got < 26]).toEqual([26, true]);
});

it('goes on after NATS came back, with its streams and without', async () => {
  await stage.makeStreams();
  const { core } = stage.startConsole();
  const frames = await ready(core, stage.signal);
  await stage.store([batch([{}])]);
  await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n);
  await stage.server.kill();
  await stage.server.start();
  while (!stage.bus.connected()) await frames.next();
  await stage.store([batch([{}, {}], { first: 2 })]);
  expect((await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n)).all?.requests).toBe(2n);
  await stage.server.kill();
  stage.server.forget();
  await stage.server.start();
  while (!stage.bus.connected()) await frames.next();
  await stage.makeStreams();
  await stage.store([batch([{}, {}, {}], { first: 4 })]);
  expect((await framesUntil(frames, ({ all }) => (all?.requests ?? 0n) > 0n)).all?.requests).toBe(3n);
}, 60_000);
