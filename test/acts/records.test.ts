import { writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { QueryTrafficResponse, WatchTrafficResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Intruder, intrude } from '../stage/bus.js';
import { runGuildhall } from '../stage/command.js';
import { type EventStream, getJson, openEvents } from '../stage/events.js';
import { type Totals, totalsOfRecords, totalsOfTraffic } from '../stage/figures.js';
import { type Folder, openFolder } from '../stage/folder.js';
import { badCertificates } from '../stage/identities.js';
import { type Book, deedName, knownCast, playKnownTraffic } from '../stage/known-traffic.js';
import { type Heard, type MetricsConnection, openMetrics } from '../stage/metrics.js';
import { perform } from '../stage/performance.js';
import { followRecords, type RecordStream } from '../stage/record-stream.js';

type Routing = Awaited<ReturnType<MetricsConnection['search']>>[number];

describe('known traffic, and exactly its figures wherever one looks', () => {
  const { actor, hub, play } = perform({ ...knownCast, topology: { ingresses: 2, relays: 2, policies: 2, consoles: 2 } });
  let book: Book;
  let stream: RecordStream;
  let apis: MetricsConnection[];
  let watched: Heard<TrafficFrame>[];
  let tailed: Heard<Routing>;
  let events: EventStream;
  let tailedEvents: EventStream;
  let bus: Intruder;
  let overheard: Awaited<ReturnType<Intruder['overhear']>>;
  let folder: Folder;
  /** What every feed must come to. */
  let totals: Totals;
  let began: number;
  const handshakes = ['expired', 'untrusted-authority', 'name-of-no-member'] as const;

  beforeAll(async () => {
    began = Date.now();
    folder = openFolder('records');
    writeFileSync(folder.file('ada.token'), hub().operatorToken(), { mode: 0o600 });
    stream = await followRecords(hub());
    apis = hub().consoles.map((_, at) => openMetrics(hub(), undefined, at));
    watched = apis.map((api) => api.watch());
    tailed = api().tail();
    events = await openEvents(hub(), '/v1/traffic');
    tailedEvents = await openEvents(hub(), '/v1/records/tail');
    bus = await intrude(hub());
    overheard = await bus.overhear('gh.v1.traffic');
    for (const one of watched) await one.until('a first frame', (frames) => frames.length > 0);
    await events.until('a first frame', (all) => all.length > 0);
  });
  afterAll(async () => {
    for (const api of apis ?? []) api.close();
    events?.close();
    tailedEvents?.close();
    await bus?.close();
    await stream?.close();
    folder?.close();
  });
  const api = (): MetricsConnection => {
    const [first] = apis;
    if (first === undefined) throw new Error('no console');
    return first;
  };
  const isWhole = (frames: readonly TrafficFrame[]) => same(totalsOfTraffic(frames.map(whole)), totals);

  it('one record a transaction, a refused request, a refused handshake, and it says what was so', async () => {
    book = await playKnownTraffic(actor);
    for (const reason of handshakes) await knock(reason);
    const count = book.deeds.length + handshakes.length;
    const records = await stream.until(`${count} records`, (all) => all.length >= count);
    const byName = new Map(records.map((record) => [deedName(record), record]));
    for (const deed of book.deeds) expect(byName.get(deedName(deed)), deedName(deed)).toMatchObject(deed);
    const refused = records.filter(({ kind }) => kind === 'refused-handshake');
    expect(refused.map(({ code }) => code).toSorted()).toEqual([...handshakes].toSorted());
    for (const { status, method, callId } of refused) expect([status, method, callId]).toEqual([0, '', '']);
    expect(records).toHaveLength(count);
    expect(new Set(records.map(({ trace }) => trace)).size).toBe(count);
    totals = totalsOfRecords(records);
    expect(totals.all).toMatchObject({ requests: book.deeds.length, handshakesRefused: handshakes.length, repeats: 2, retries: 1 });
  });

  it('numbers of an incarnation count without a gap, and both ingresses made some', () => {
    const runs = new Map<string, number[]>();
    for (const { ingress, epoch, number } of stream.records())
      runs.set(`${ingress} ${epoch}`, [...(runs.get(`${ingress} ${epoch}`) ?? []), number]);
    expect(runs.size).toBe(2);
    for (const numbers of runs.values()) expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(stream.batches().map(({ dropped }) => dropped)).toEqual(stream.batches().map(() => 0));
  });

  it('the parts of a time are parts of it', () => {
    for (const { total, decision, linkWait, far, answer, kind, callId } of stream.records()) {
      if (kind !== 'transaction') continue;
      expect(decision + linkWait + far, callId).toBeLessThanOrEqual(total);
      if (answer === 'far') expect(far, callId).toBeGreaterThan(0);
    }
  });

  it('WatchTraffic of each console: the sum of its frames', async () => {
    for (const one of watched) {
      await expect.poll(() => totalsOfTraffic(one.items.map(whole))).toEqual(totals);
      const numbers = one.items.map(({ number }) => Number(number));
      expect(numbers).toEqual([...new Set(numbers)].toSorted((first, second) => first - second));
      expect([one.items[0]?.full, one.items.some(({ sampled }) => sampled !== 1)]).toEqual([true, false]);
      expect(one.items.reduce((sum, { dropped, lost }) => sum + dropped + lost, 0n)).toBe(0n);
    }
  });

  it('the same on NATS, each console for itself', async () => {
    const frames = () => overheard.map(({ data }) => TrafficFrame.decode(data));
    for (const { id } of hub().consoles) {
      const own = () => frames().filter(({ console }) => console === id);
      await expect.poll(() => totalsOfTraffic(own().map(whole))).toEqual(totals);
    }
  });

  it('Server-Sent Events without a browser: the same', async () => {
    await events.until('all figures', (all) => isWhole(all.flatMap(frameOf)));
    const ids = events.events.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].toSorted((first, second) => first - second));
  });

  it('QueryTraffic and the same over HTTPS: history comes to the same', async () => {
    const from = began - 10_000;
    const asked = async () => (await api().query({ from: BigInt(from), resolution: 1000n })).points;
    await expect.poll(async () => totalsOfTraffic((await asked()).map(whole))).toEqual(totals);
    const told = async () => QueryTrafficResponse.fromJSON(await getJson(hub(), `/v1/traffic/history?from=${from}&resolution=1000`)).points;
    expect(totalsOfTraffic((await told()).map(whole))).toEqual(totals);
  });

  it('SearchRecords finds each by its Call-ID, user, pair, reason, status and trace', async () => {
    const records = stream.records();
    const found = async (filter: Parameters<MetricsConnection['search']>[0]) => (await api().search(filter)).map(deedName).toSorted();
    const expected = (fits: (record: (typeof records)[number]) => boolean) => records.filter(fits).map(deedName).toSorted();
    for (const record of records.filter(({ callId }) => callId !== '')) {
      expect(await found({ callId: record.callId })).toEqual(expected(({ callId }) => callId === record.callId));
      expect(await found({ traceId: record.trace })).toEqual([deedName(record)]);
    }
    expect(await found({ from: 'acme', to: 'bolt' })).toEqual(expected(({ peer, target }) => peer === 'acme' && target === 'bolt'));
    expect(await found({ member: 'crow' })).toEqual(expected(({ peer, target }) => peer === 'crow' || target === 'crow'));
    expect(await found({ code: 'denied-by-rule' })).toEqual(expected(({ code }) => code === 'denied-by-rule'));
    expect(await found({ status: 404 })).toEqual(expected(({ status }) => status === 404));
    expect(await found({ status: 4 })).toEqual(expected(({ status }) => status >= 400 && status < 500));
    expect(await found({ method: 'SUBSCRIBE' })).toEqual(expected(({ method }) => method === 'SUBSCRIBE'));
    expect(await found({ user: 'dan@bolt.example' })).toEqual(expected(({ code }) => code === 'denied-by-rule'));
    expect(await found({ user: 'nobody@bolt.example' })).toEqual([]);
    expect((await found({ refused: true })).length).toBe(totals.all.refused + totals.all.handshakesRefused);
    const all = await api().search({});
    expect(all).toHaveLength(records.length);
    expect(all.map(({ at }) => Number(at))).toEqual(all.map(({ at }) => Number(at)).toSorted((one, other) => other - one));
  });

  it('TailRecords and its events brought each once', async () => {
    const expected = stream.records().map(deedName).toSorted();
    await tailed.until('every record', (all) => all.length >= expected.length);
    expect(tailed.items.map(deedName).toSorted()).toEqual(expected);
    const brought = () => tailedEvents.events.flatMap(({ data }) => namesIn(JSON.parse(data)));
    await tailedEvents.until('every record', () => brought().length >= expected.length);
    expect(brought().toSorted()).toEqual(expected);
  });

  it('/metrics of the ingresses say as many', async () => {
    await expect.poll(() => hub().counted('ingress', 'guildhall_records_total', { result: 'stored' })).toBe(stream.records().length);
    expect(await hub().counted('ingress', 'guildhall_records_total', { result: 'dropped' })).toBe(0);
  });

  it('`guildhall top --once --json` says the same, and `status` knows everybody', async () => {
    const { authority, domain, consoles } = hub();
    const at = ['--metrics', consoles[0]?.addresses['grpc'] ?? '', '--ca', authority.certFile, '--hub-name', domain];
    const told = async (...line: string[]) => {
      const { code, out, talk } = await runGuildhall(folder.path, ...line, '--json', ...at, '--token-file', folder.file('ada.token'));
      expect([line, talk]).toEqual([line, '']);
      return { code, ...JSON.parse(out) };
    };
    expect(totalsOfTraffic([whole(await told('top', '--once', '--over', '10m'))])).toEqual(totals);
    // On a busy machine policy may still be making the last stream.
    await expect.poll(async () => (await told('status')).reasons).toEqual([expect.stringContaining('crow')]);
    const status = await told('status');
    expect(status).toMatchObject({ code: 1, verdict: 'impaired' });
    expect(status.instances.map(({ id }: { id: string }) => id).toSorted()).toEqual(
      [...hub().ingresses, ...hub().policies, ...hub().relays, ...hub().consoles].map(({ id }) => id).toSorted(),
    );
  });

  it('the trace id in a refusal leads to its record', async () => {
    const refused = book.deeds.filter(({ answer, status }) => answer === 'hub' && status >= 300);
    for (const deed of refused) {
      const final = book.finals.get(deedName(deed));
      const [, trace = ''] = /^399 \S+ "trace ([0-9a-f]{32})"$/m.exec(final?.headers('warning').join('\n') ?? '') ?? [];
      expect(trace, deedName(deed)).not.toBe('');
      expect((await api().search({ traceId: trace })).map(deedName)).toEqual([deedName(deed)]);
    }
  });

  it('GetCall tells a call in its order', async () => {
    const bye = book.deeds.find(({ method }) => method === 'BYE');
    const { records, more } = await api().call(bye?.callId ?? '');
    expect([records.map(({ method }) => method), more]).toEqual([['INVITE', 'INFO', 'BYE'], false]);
  });

  /** Dials with a certificate that the hub does not take, and resolves when it has closed the connection. */
  async function knock(reason: (typeof handshakes)[number]): Promise<void> {
    const { cert, key } = await badCertificates[reason](play().authority, 'acme.example', play().safe);
    await new Promise<void>((resolve) => {
      const port = hub().ingresses[0]?.port ?? 0;
      const socket = connect({ port, host: '127.0.0.1', servername: hub().domain, ca: play().authority.cert, cert, key });
      socket.once('secureConnect', () => socket.write('\r\n\r\n'));
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
      socket.resume();
    });
  }
});

function whole<T extends Partial<TrafficFrame>>({ all, reasons = [], members = [], pairs = [], otherPairs }: T) {
  return { all, reasons, members, pairs, otherPairs };
}

function same(one: Totals, other: Totals): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function frameOf({ data }: { readonly data: string }): TrafficFrame[] {
  const { frame } = WatchTrafficResponse.fromJSON(JSON.parse(data));
  return frame === undefined ? [] : [frame];
}

function namesIn(told: unknown): string[] {
  const { records = [] } = Object(told);
  return Array.isArray(records)
    ? records.map((one) =>
        deedName({ callId: Object(one).callId ?? '', method: Object(one).method ?? '', inDialog: Object(one).inDialog === true }),
      )
    : [];
}
