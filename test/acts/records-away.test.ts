import type { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intrude } from '../stage/bus.js';
import { exchange } from '../stage/exchange.js';
import { totalsOfRecords, totalsOfTraffic } from '../stage/figures.js';
import { type Heard, type MetricsConnection, openMetrics } from '../stage/metrics.js';
import { perform } from '../stage/performance.js';
import { followRecords, type RecordStream } from '../stage/record-stream.js';

const patience = 30_000;

describe('JetStream is away', () => {
  const { actor, hub } = perform({
    apart: true,
    topology: { ingresses: 2, relays: 2, policies: 1, consoles: 1 },
    cast: { acme: {}, bolt: {} },
    settings: {
      ingress: { records: { bufferBytes: '256KiB', retry: '200ms' } },
      // The only policy is away for a while: who watches stays believed.
      console: { access: { patience: '1m' } },
    },
  });
  let api: MetricsConnection;
  let watched: Heard<TrafficFrame>;
  let stream: RecordStream;
  /** Requests that were answered, and records of streams that are gone. */
  let answered = 0;
  let began: number;
  let gone = 0;

  beforeAll(async () => {
    began = Date.now();
    stream = await followRecords(hub());
    api = openMetrics(hub());
    watched = api.watch();
    await watched.until('a first frame', (frames) => frames.length > 0);
  });
  afterAll(async () => {
    api?.close();
    await stream?.close();
  });

  const dropped = () => Number(watched.items.reduce((sum, frame) => sum + frame.dropped, 0n));
  const counted = (result: string) => hub().counted('ingress', 'guildhall_records_total', { result });
  async function talk(count: number): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      await exchange(actor('acme'), actor('bolt'));
      answered += 1;
    }
  }
  /** OPTIONS to the hub in one go: nothing but ingress is needed to answer them. */
  async function ping(count: number): Promise<void> {
    const acme = actor('acme');
    const said = Array.from({ length: count }, () => acme.request('OPTIONS', 'sip:hub.example'));
    acme.line().say(said.map(({ text }) => text).join(''));
    for (const one of said) await acme.hearFinal(one);
    answered += count;
  }

  it('with all of NATS, for a moment: what waited is stored when it is back, each once', { timeout: 60_000 }, async () => {
    await talk(10);
    await stream.until('what was said before', (records) => records.length >= answered);
    await stream.close();
    await hub().nats.kill();
    await ping(100);
    await hub().nats.revive();
    for (const relay of hub().relays)
      await expect.poll(async () => (await fetch(`http://${relay.addresses['admin']}/readyz`)).ok, { timeout: patience }).toBe(true);
    stream = await followRecords(hub());
    const records = await stream.until('what was said meanwhile too', (all) => all.length >= answered, patience);
    expect([records.length, new Set(records.map(({ callId }) => callId)).size]).toEqual([answered, answered]);
    await expect.poll(() => totalsOfTraffic(watched.items), { timeout: patience }).toEqual(totalsOfRecords(records));
    expect([await counted('dropped'), dropped()]).toEqual([0, 0]);
  });

  it('alone, for long: routing goes on, the buffer fills, what is beyond is dropped and counted', { timeout: 90_000 }, async () => {
    gone = stream.records().length;
    await stream.close();
    // Who would make the stream again is away too: known pairs go on.
    const [policy] = hub().policies;
    await policy?.kill();
    const operator = await intrude(hub());
    // As a disk that takes nothing: nobody stores what is said on its subjects.
    expect(await operator.ask('$JS.API.STREAM.DELETE.RECORDS', Buffer.from(''), 5_000)).toBeDefined();
    for (let round = 0; (await counted('dropped')) === 0; round += 1) {
      expect(round, 'rounds until something is dropped').toBeLessThan(20);
      await ping(500);
      await talk(5);
    }
    await talk(5);
    expect(await counted('stored')).toBe(gone);

    await policy?.revive();
    await expect.poll(async () => (await counted('stored')) + (await counted('dropped')), { timeout: patience }).toBe(answered);
    stream = await followRecords(hub());
    const lacking = await counted('dropped');
    const records = await stream.until('what waited', (all) => all.length >= answered - gone - lacking, patience);
    expect(records.length + gone + lacking).toBe(answered);
    await operator.close();
  });

  it('and the console finds the new stream by itself, and says what was dropped', { timeout: 60_000 }, async () => {
    await talk(5);
    const lacking = await counted('dropped');
    // The second that has begun counts too. Who watched was let go while no policy could say who that is: what was counted meanwhile stands in history.
    const figures = async () => {
      const { points } = await api.query({ from: BigInt(began - 10_000), resolution: 1000n });
      return { told: totalsOfTraffic(points).all.requests, dropped: Number(points.reduce((sum, point) => sum + point.dropped, 0n)) };
    };
    await expect.poll(figures, { timeout: patience }).toEqual({ told: answered - lacking, dropped: lacking });
  });
});
