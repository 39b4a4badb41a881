import type { FinishedSpan } from '@guildhall/chassis/finished-span';
import { createOtlpPost } from '@guildhall/chassis/otlp-post';
import { createSpanBytes } from '@guildhall/chassis/span-bytes';
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../stage/collector.js';

const span: FinishedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '',
  remoteParent: false,
  name: 'SIP MESSAGE',
  kind: 'server',
  startedAt: 1_000.25,
  endedAt: 1_002.75,
  attributes: new Map([['sip.method', 'MESSAGE']]),
  failed: '',
};
const service = new Map([
  ['service.name', 'relay'],
  ['service.instance.id', 'relay-1'],
]);

const curtain: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of curtain.splice(0)) await end();
});

async function collecting(): Promise<Collector> {
  const collector = await startCollector();
  curtain.push(() => collector.close());
  return collector;
}

/** As the hub writes them. `offset`: ms from monotonic 0 to 1970. */
async function post(spans: readonly FinishedSpan[], offset: number, { url }: Collector): Promise<void> {
  const bytes = createSpanBytes(service, { name: 'guildhall', version: '1.0.0' });
  for (const one of spans) bytes.add(one, offset);
  const send = createOtlpPost({
    url: `${url}/v1/traces`,
    headers: async () => ({}),
    timeoutMillis: 5_000,
    concurrencyLimit: 1,
    httpAgentOptions: { keepAlive: true },
  });
  await send(bytes.take());
  expect(bytes.count()).toBe(0);
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };

/** As OpenTelemetry's own exporter writes it, from second 1 to second 2. */
async function exportWithLibrary(given: FinishedSpan, { url }: Collector): Promise<void> {
  const { traceId, spanId, parentSpanId, name, kind, attributes, failed } = given;
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  const parent = { ...context, spanId: parentSpanId, isRemote: given.remoteParent };
  const readable: ReadableSpan = {
    name,
    kind: kinds[kind],
    spanContext: () => context,
    ...(parentSpanId === '' ? {} : { parentSpanContext: parent }),
    startTime: [1, 0],
    endTime: [2, 0],
    duration: [1, 0],
    status: failed === '' ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: failed },
    attributes: Object.fromEntries(attributes),
    links: [],
    events: [],
    ended: true,
    resource: resourceFromAttributes(Object.fromEntries(service)),
    instrumentationScope: { name: 'guildhall', version: '1.0.0' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
  const { code } = await new Promise<ExportResult>((resolve) => exporter.export([readable], resolve));
  expect(code).toBe(ExportResultCode.SUCCESS);
  await exporter.shutdown();
}

describe('a span as bytes', () => {
  it.each<[string, Partial<FinishedSpan>]>([
    ['of the usual kind', {}],
    ['that failed', { parentSpanId: '00f067aa0ba902b8', kind: 'client', failed: 'nothing answered: été' }],
    ['of a parent elsewhere', { parentSpanId: '00f067aa0ba902b8', remoteParent: true, kind: 'consumer' }],
    [
      'with numbers',
      {
        kind: 'producer',
        attributes: new Map([
          ['none', 0],
          ['status', 200],
          ['most', 0xffff_ffff],
          ['more', 2 ** 40],
          ['part', -0.25],
        ]),
      },
    ],
    [
      'with texts of all lengths',
      {
        attributes: new Map([
          ['none', ''],
          ['one byte of length', 'x'.repeat(127)],
          ['two', 'x'.repeat(128)],
          ['three', 'x'.repeat(20_000)],
          ['not ASCII', 'Grüße, 世界 🌍'],
        ]),
      },
    ],
  ])('%s says what the exporter of OpenTelemetry says of it', async (_, differs) => {
    const collector = await collecting();
    await post([{ ...span, ...differs }], 0, collector);
    await exportWithLibrary({ ...span, ...differs }, collector);
    const [ours, theirs] = collector.spans();
    expect(ours).toEqual({ ...theirs, startedAt: ours?.startedAt, endedAt: ours?.endedAt });
  });

  it('tells its times to the microsecond, and ends no earlier than it began', async () => {
    const collector = await collecting();
    const offset = Date.UTC(2026, 10, 23);
    await post([span, { ...span, endedAt: 999 }], offset, collector);
    const times = collector.spans().map(({ startedAt, endedAt }) => [startedAt - BigInt(offset) * 1_000_000n, endedAt - startedAt]);
    expect(times).toEqual([
      [1_000_250_000n, 2_500_000n],
      [1_000_250_000n, 0n],
    ]);
  });
});
