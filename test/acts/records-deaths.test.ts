import { type TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenerName } from '../stage/community.js';
import { totalsOfRecords, totalsOfTraffic } from '../stage/figures.js';
import type { Instance } from '../stage/hub.js';
import { type Heard, type MetricsConnection, openMetrics } from '../stage/metrics.js';
import { perform } from '../stage/performance.js';
import { type Answering, answerAll, type Pump, pump } from '../stage/pump.js';
import { followRecords, followStream, type RecordStream, type StoredMessages } from '../stage/record-stream.js';

/** Reports that tell of a death come once a second, and a busy machine is late. */
const patience = 30_000;
/** A minute is told when it has ended, and ten seconds later. */
const minutePatience = 100_000;
/** Final answers between what happens. */
const some = 60;

describe('instances die without a word, and the sums agree to the last message', () => {
  const { actor, hub } = perform({
    apart: true,
    topology: { ingresses: 2, relays: 2, policies: 2, consoles: 2 },
    cast: { acme: {}, bolt: {}, crow: {}, dune: {} },
    // A busy machine is late: the hub is well all the same.
    settings: { console: { lostAfter: '2s' }, ingress: { overload: { target: '5s' } } },
  });
  let stream: RecordStream;
  let minutes: StoredMessages;
  /** Of the console that is never killed. */
  let lasting: MetricsConnection;
  let watched: Heard<TrafficFrame>;
  const answering: Answering[] = [];
  const pumps: Pump[] = [];
  let began: number;

  beforeAll(async () => {
    began = Date.now();
    stream = await followRecords(hub());
    minutes = await followStream(hub(), 'TRAFFIC');
    lasting = openMetrics(hub(), undefined, 1);
    watched = lasting.watch();
    await watched.until('a first frame', (frames) => frames.length > 0);
    answering.push(answerAll(actor('crow')), answerAll(actor('dune')));
  });
  afterAll(async () => {
    lasting?.close();
    await stream?.close();
    await minutes?.close();
  });

  /** Traffic of two members through both ingresses, while something happens in its middle. */
  async function during(happens: () => Promise<void>): Promise<void> {
    // Who comes back listens elsewhere.
    const ports = () => hub().ingresses.map(({ addresses }) => Number(addresses[`listener:${listenerName}`]?.split(':').at(-1)));
    const running = [pump(actor('acme'), actor('crow'), ports), pump(actor('bolt'), actor('dune'), ports)];
    pumps.push(...running);
    await Promise.all(running.map((one) => one.more(some)));
    await happens();
    await Promise.all(running.map((one) => one.more(some)));
    await Promise.all(running.map((one) => one.stop()));
  }
  async function dies(instance: Instance | undefined): Promise<void> {
    await instance?.kill();
    await Promise.all(pumps.slice(-2).map((one) => one.more(some)));
    await instance?.revive();
  }

  const answeredFar = () => answering.reduce((sum, { answered }) => sum + answered.size, 0);
  const recordedFar = () => stream.records().filter(({ answer }) => answer === 'far').length;
  const lost = () => Number(watched.items.reduce((sum, frame) => sum + frame.lost, 0n));
  const dropped = () => Number(watched.items.reduce((sum, frame) => sum + frame.dropped, 0n));

  /** Everything the far members answered has its record or was counted as lost, and the frames come to the records. */
  async function balanced(): Promise<void> {
    const unaccounted = () => answeredFar() - recordedFar() - lost();
    await expect.poll(() => [unaccounted(), dropped()], { timeout: patience }).toEqual([0, 0]);
    const calls = stream.records().map(({ callId }) => callId);
    expect(new Set(calls).size, 'records of calls, each once').toBe(calls.length);
    const wrong = stream.records().filter(({ callId, status }) => pumps.some(({ finals }) => (finals.get(callId) ?? status) !== status));
    expect(wrong).toEqual([]);
    // Nothing more is stored now.
    const totals = totalsOfRecords(stream.records());
    await expect.poll(() => totalsOfTraffic(watched.items), { timeout: patience }).toEqual(totals);
  }
  /** What was answered is there, all but what was lost. */
  const missing = () => {
    const calls = new Set(stream.records().map(({ callId }) => callId));
    return pumps.flatMap(({ finals }) => [...finals.keys()]).filter((callId) => !calls.has(callId)).length;
  };

  // First, as what a relay told in the second before its own death nobody knows.
  it('an ingress: what it had not stored is counted as lost, and only that', { timeout: 90_000 }, async () => {
    await during(() => dies(hub().ingresses[1]));
    await balanced();
    expect(missing()).toBeLessThanOrEqual(lost());
  });

  it.each<[string, () => Instance | undefined]>([
    ['a relay', () => hub().relays[0]],
    ['the other relay', () => hub().relays[1]],
    ['a policy', () => hub().policies[0]],
  ])('%s: nothing is lost', { timeout: 90_000 }, async (_, which) => {
    const figures = () => [missing(), lost(), pumps.reduce((sum, { died }) => sum + died.size, 0)];
    const before = figures();
    await during(() => dies(which()));
    await balanced();
    expect(figures()).toEqual(before);
  });

  it('a console: the other goes on, and it comes back', { timeout: 90_000 }, async () => {
    await during(() => dies(hub().consoles[0]));
    await balanced();
    const back = openMetrics(hub(), undefined, 0);
    try {
      // It has to hear of everybody first.
      const standing = async () => {
        const { verdict, behind } = await back.status();
        return [verdict, behind];
      };
      await expect.poll(() => standing().catch(String), { timeout: patience }).toEqual(['well', 0n]);
      expect(await back.search({ member: 'acme' }, 10_000)).toHaveLength(stream.records().filter(({ peer }) => peer === 'acme').length);
    } finally {
      back.close();
    }
  });

  it('minutes: each once, whoever wrote it, they come to the records, and both consoles tell them', { timeout: 150_000 }, async () => {
    const epochs = new Set(stream.records().map(({ ingress, epoch }) => `${ingress} ${epoch}`));
    expect(epochs.size).toBe(3);
    const points = () => minutes.messages.map(({ data }) => TrafficPoint.decode(data));
    const expected = totalsOfRecords(stream.records());
    const fits = () => JSON.stringify(totalsOfTraffic(points())) === JSON.stringify(expected);
    await minutes.until('the minutes of all records', fits, () => JSON.stringify(totalsOfTraffic(points())), minutePatience);
    const parts = points().map(({ from, part }) => `${from}.${part}`);
    expect(new Set(parts).size).toBe(parts.length);
    for (const at of hub().consoles.keys()) {
      const api = openMetrics(hub(), undefined, at);
      const told = async () => totalsOfTraffic((await api.query({ from: BigInt(began - 60_000), resolution: 60_000n })).points);
      await expect.poll(told, { timeout: patience }).toEqual(expected);
      api.close();
    }
  });
});
