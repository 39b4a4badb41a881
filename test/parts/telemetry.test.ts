import { appendFileSync, writeFileSync } from 'node:fs';
import type { FinishedSpan } from '@guildhall/chassis/finished-span';
import { createMeters } from '@guildhall/chassis/meters';
import { loadTelemetry } from '@guildhall/chassis/otlp-door';
import { telemetryConfig } from '@guildhall/chassis/telemetry-config';
import { createTracing, type Tracing } from '@guildhall/chassis/tracing';
import { afterEach, describe, expect, it } from 'vitest';
import { type Identity, openSafe } from '../stage/certificates.js';
import { type Collector, startCollector } from '../stage/collector.js';
import { type Folder, openFolder } from '../stage/folder.js';
import { freePort } from '../stage/port.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const span: FinishedSpan = {
  traceId,
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  remoteParent: false,
  name: 'SIP MESSAGE',
  kind: 'server',
  startedAt: 1_000,
  endedAt: 1_002.5,
  attributes: new Map<string, string | number>([
    ['sip.method', 'MESSAGE'],
    ['sip.response.status_code', 200],
  ]),
  failed: '',
};

const curtain: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of curtain.splice(0).reverse()) await end();
});

async function collecting(identity?: Identity): Promise<Collector> {
  const collector = await startCollector(identity);
  curtain.push(() => collector.close());
  return collector;
}

function folder(): Folder {
  const opened = openFolder('telemetry');
  curtain.push(() => opened.close());
  return opened;
}

/** Tracing with these settings, what it logs, and what it counts of spans. */
function tracingWith(settings: Parameters<typeof telemetryConfig.parse>[0]) {
  const log: string[] = [];
  const meters = createMeters('ingress', 'ingress-1');
  const config = telemetryConfig.parse({ interval: 10, ...Object(settings) });
  const note = (_fields: unknown, text?: string) => void log.push(text ?? '');
  const telemetry = loadTelemetry(config);
  const tracing = createTracing({ service: 'ingress', id: 'ingress-1', telemetry, log: { info: note, warn: note }, meters });
  curtain.push(async () => {
    await tracing.close();
    await meters.close();
  });
  const counted = async (metric: string): Promise<Record<string, number>> => {
    const lines = (await meters.prometheus()).split('\n').filter((line) => line.startsWith(`${metric}{`));
    return Object.fromEntries(lines.map((line) => [/result="([a-z-]+)"/.exec(line)?.[1] ?? '', Number(line.split(' ').at(-1))]));
  };
  return { tracing, log, meters, counted };
}

async function settles(counted: () => Promise<Record<string, number>>, result: string, least: number): Promise<Record<string, number>> {
  for (;;) {
    const now = await counted();
    if ((now[result] ?? 0) >= least) return now;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('telemetry', () => {
  it.each([
    ['an url with a password', { otlp: { url: 'http://user:secret@127.0.0.1:4318' } }],
    ['an url of something else', { otlp: { url: 'grpc://127.0.0.1:4317' } }],
    ['an url with a query', { otlp: { url: 'http://127.0.0.1:4318/?token=1' } }],
    ['more than all traces', { traces: 1.1 }],
    ['less than none', { traces: -0.1 }],
    ['an unknown key', { otlp: { url: 'http://127.0.0.1:4318', token: 'secret' } }],
  ])('is refused with %s', (_, settings) => {
    expect(telemetryConfig.safeParse(settings).success).toBe(false);
  });

  it('does not start with headers that cannot be sent', () => {
    const path = folder().file('headers');
    const otlp = { url: 'http://127.0.0.1:4318', headersFile: path };
    expect(() => tracingWith({ otlp })).toThrow('cannot be read');
    writeFileSync(path, 'authorization Bearer none\n');
    expect(() => tracingWith({ otlp })).toThrow('line 1 is no "name: value"');
  });

  it('makes nothing where there is no collector', async () => {
    const { tracing, counted } = tracingWith({ traces: 1 });
    expect([tracing.on, tracing.threshold, tracing.admits()]).toEqual([false, 0, false]);
    tracing.span(span);
    expect(await counted('guildhall_spans_total')).toEqual({});
  });

  it('brings a span to the collector as it was', async () => {
    const collector = await collecting();
    const path = folder().file('headers');
    writeFileSync(path, '# of the collector\nAuthorization: Bearer first\n');
    const { tracing, counted } = tracingWith({ otlp: { url: `${collector.url}/`, headersFile: path } });
    tracing.span(span);
    const came = await collector.span('the first', () => true);
    expect(came).toMatchObject({
      service: 'ingress',
      instance: 'ingress-1',
      traceId,
      spanId: span.spanId,
      parentSpanId: '',
      name: 'SIP MESSAGE',
      kind: 'server',
      attributes: Object.fromEntries(span.attributes),
      failed: '',
    });
    // A double tells the time of day to a quarter of a microsecond.
    expect(Number(came.endedAt - came.startedAt) / 1e6).toBeCloseTo(2.5, 2);
    expect(collector.headers()).toMatchObject({ authorization: 'Bearer first', 'content-type': 'application/x-protobuf' });
    appendFileSync(path, 'X-More: later\n');
    tracing.span({ ...span, spanId: '00f067aa0ba902b8', parentSpanId: span.spanId, kind: 'client', failed: 'it broke' });
    expect(await collector.span('the second', () => true)).toMatchObject({ parentSpanId: span.spanId, kind: 'client', failed: 'it broke' });
    expect(collector.headers()).toMatchObject({ 'x-more': 'later' });
    const counts = await settles(() => counted('guildhall_spans_total'), 'exported', 2);
    expect(counts).toEqual({ exported: 2, failed: 0, 'queue-full': 0, 'over-rate': 0 });
  });

  it('sends what is left at the end', async () => {
    const collector = await collecting();
    const { tracing } = tracingWith({ otlp: { url: collector.url }, interval: '1m' });
    for (let at = 0; at < 200; at += 1) tracing.span(span);
    await tracing.close();
    expect(collector.spans()).toHaveLength(200);
  });

  it('admits so many a second beyond those that are traced from their beginning', async () => {
    const collector = await collecting();
    const { tracing, counted } = tracingWith({ otlp: { url: collector.url }, spansPerSecond: 5, traces: 0.5 });
    expect(tracing.threshold).toBe(2 ** 31);
    const admitted = Array.from({ length: 50 }, () => tracing.admits()).filter((one) => one).length;
    expect(admitted).toBeGreaterThanOrEqual(5);
    expect(admitted).toBeLessThan(50);
    expect(await counted('guildhall_spans_total')).toMatchObject({ 'over-rate': 50 - admitted });
  });
});

describe('a collector', () => {
  it('that is busy for a moment is asked again', async () => {
    const collector = await collecting();
    collector.behaves('is-busy');
    const { tracing, counted } = tracingWith({ otlp: { url: collector.url } });
    tracing.span(span);
    await collector.turnedAway();
    collector.behaves('takes');
    expect(await settles(() => counted('guildhall_spans_total'), 'exported', 1)).toMatchObject({ exported: 1, failed: 0 });
    expect(collector.spans()).toHaveLength(1);
  });

  const flood = (tracing: Tracing, spans: number) => {
    for (let at = 0; at < spans; at += 1) tracing.span(span);
  };

  it('that is not there costs what was for it, and one line in the log', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { tracing, counted, log } = tracingWith({ otlp: { url, timeout: 100 }, queue: 64 });
    flood(tracing, 100);
    const counts = await settles(() => counted('guildhall_spans_total'), 'failed', 64);
    expect(counts).toEqual({ exported: 0, failed: 64, 'queue-full': 36, 'over-rate': 0 });
    flood(tracing, 1);
    await settles(() => counted('guildhall_spans_total'), 'failed', 65);
    expect(log).toEqual(['the telemetry collector does not take what it is sent: it is counted and dropped']);
  });

  it.each(['refuses', 'is-silent'] as const)('that %s costs what was for it, and is heard of when it takes again', async (conduct) => {
    const collector = await collecting();
    collector.behaves(conduct);
    const { tracing, counted, log } = tracingWith({ otlp: { url: collector.url, timeout: 300 } });
    flood(tracing, 3);
    await collector.turnedAway();
    expect(await settles(() => counted('guildhall_spans_total'), 'failed', 3)).toMatchObject({ exported: 0, failed: 3 });
    collector.behaves('takes');
    // One whose answer takes longer than the time-out counts as not taken.
    while ((await counted('guildhall_spans_total'))['exported'] === 0) {
      flood(tracing, 1);
      await collector.span('what came after', () => true);
    }
    expect(log).toEqual([
      'the telemetry collector does not take what it is sent: it is counted and dropped',
      'the telemetry collector takes what it is sent again',
    ]);
  });

  it('that is silent holds up no end', async () => {
    const collector = await collecting();
    collector.behaves('is-silent');
    const { tracing } = tracingWith({ otlp: { url: collector.url, timeout: '1m' } });
    flood(tracing, 3);
    await collector.turnedAway();
    await tracing.close();
    expect(collector.spans()).toEqual([]);
  });

  it('is trusted as its authority is', async () => {
    const safe = openSafe();
    curtain.push(() => safe.close());
    const [right, wrong] = [await safe.authority('right'), await safe.authority('wrong')];
    const collector = await collecting(await right.issue({ name: 'collector', dns: ['localhost'], usages: ['server'] }));
    const stranger = tracingWith({ otlp: { url: collector.url, ca: wrong.certFile } });
    stranger.tracing.span(span);
    expect(await settles(() => stranger.counted('guildhall_spans_total'), 'failed', 1)).toMatchObject({ exported: 0 });
    tracingWith({ otlp: { url: collector.url, ca: right.certFile } }).tracing.span(span);
    await collector.span('over TLS', () => true);
    expect(collector.spans()).toHaveLength(1);
  });

  it('gets the figures of /metrics where that is wanted', async () => {
    const collector = await collecting();
    const { meters, counted } = tracingWith({ otlp: { url: collector.url }, metrics: true, metricsInterval: 100 });
    meters.counter('guildhall_eggs', 'Eggs.', () => [[{ colour: 'white' }, 7]]);
    meters.histogram('guildhall_wait_seconds', 'Waits.', [0.1, 1]).record(0.5);
    expect(await collector.metric('guildhall_eggs')).toMatchObject({
      service: 'ingress',
      instance: 'ingress-1',
      kind: 'sum',
      points: [{ attributes: { colour: 'white' }, value: 7 }],
    });
    expect(await collector.metric('guildhall_wait_seconds')).toMatchObject({ kind: 'histogram', points: [{ value: 1 }] });
    await collector.metric('process_cpu_seconds', ({ points }) => points.length > 0);
    await settles(() => counted('guildhall_metric_pushes_total'), 'exported', 1);
    collector.behaves('refuses');
    await settles(() => counted('guildhall_metric_pushes_total'), 'failed', 2);
    expect(collector.spans()).toEqual([]);
  });
});
