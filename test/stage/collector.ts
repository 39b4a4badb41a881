import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Identity } from './certificates.js';
import { createMailbox } from './mailbox.js';
import { readTraceRequest } from './otlp-protobuf.js';

/** A span as it arrived, with its attributes as plain values. */
export interface CollectedSpan {
  readonly service: string;
  readonly instance: string;
  readonly traceId: string;
  readonly spanId: string;
  /** '' for the first of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer' | 'unknown';
  /** Nanoseconds since 1970. */
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** What its status says where that is an error, else ''. */
  readonly failed: string;
  /** The trace is sampled, and whether the parent is another service's (opentelemetry/proto/trace/v1, SpanFlags). */
  readonly flags: number;
}

/** A metric as it arrived. */
export interface CollectedMetric {
  readonly service: string;
  readonly instance: string;
  readonly name: string;
  /** `sum`, `gauge` or `histogram`, with what it holds. */
  readonly kind: string;
  readonly points: readonly { readonly attributes: Readonly<Record<string, unknown>>; readonly value: number }[];
}

/** What a collector does with what it is sent. */
export type Conduct = 'takes' | 'refuses' | 'is-busy' | 'is-silent';

/** A small OpenTelemetry collector: OTLP over HTTP, as JSON, traces as protocol buffers too. */
export interface Collector {
  /** What `telemetry.otlp.url` is set to. */
  readonly url: string;
  /** Everything that came, oldest first. */
  spans(): readonly CollectedSpan[];
  metrics(): readonly CollectedMetric[];
  /** The bodies as they were, for what must not be in them. */
  texts(): readonly string[];
  /** Of the latest request. */
  headers(): IncomingMessage['headers'];
  /** Resolves with a span for which `match` holds, as soon as it is there; a span is given once. */
  span(what: string, match: (span: CollectedSpan) => boolean, patience?: number): Promise<CollectedSpan>;
  /** Resolves with the next metric of this name. */
  metric(name: string, match?: (metric: CollectedMetric) => boolean): Promise<CollectedMetric>;
  /** Resolves when something was sent here that was not taken. */
  turnedAway(): Promise<void>;
  behaves(conduct: Conduct): void;
  close(): Promise<void>;
}

const statuses = { takes: 200, refuses: 400, 'is-busy': 503 } as const;

const kinds = ['unknown', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

type Json = Readonly<Record<string, unknown>>;

/** Listens on a free port of 127.0.0.1, with TLS where it has a certificate, which then is one of "localhost". */
export async function startCollector(identity?: Identity): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const metrics: CollectedMetric[] = [];
  const texts: string[] = [];
  const newSpans = createMailbox<CollectedSpan>('the collector', (span) => `${span.service} ${span.name} ${span.traceId}`);
  const newMetrics = createMailbox<CollectedMetric>('the collector', (metric) => metric.name);
  const away = createMailbox<string>('the collector', (path) => path);
  let conduct: Conduct = 'takes';
  let headers: IncomingMessage['headers'] = {};

  const take = (path: string, type: string | undefined, bytes: Buffer): void => {
    // As latin1, whatever is in protocol buffers can be looked for too.
    texts.push(bytes.toString('latin1'));
    const body: unknown = type === 'application/x-protobuf' ? readTraceRequest(bytes) : JSON.parse(bytes.toString('utf8'));
    if (path === '/v1/traces') {
      for (const span of spansOf(body)) {
        spans.push(span);
        newSpans.put(span);
      }
    } else if (path === '/v1/metrics') {
      for (const metric of metricsOf(body)) {
        metrics.push(metric);
        newMetrics.put(metric);
      }
    }
  };

  const hear = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '';
    headers = request.headers;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (conduct !== 'takes') away.put(path);
      if (conduct === 'is-silent') return;
      if (conduct === 'takes') take(path, request.headers['content-type'], Buffer.concat(chunks));
      answer(response, statuses[conduct]);
    });
  };
  const server = identity === undefined ? createServer(hear) : createSecureServer({ cert: identity.cert, key: identity.key }, hear);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;

  return {
    url: identity === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    spans: () => spans,
    metrics: () => metrics,
    texts: () => texts,
    headers: () => headers,
    span: newSpans.take,
    metric: (name, match = () => true) => newMetrics.take(name, (metric) => metric.name === name && match(metric)),
    turnedAway: async () => void (await away.take('something it does not take', () => true)),
    behaves(next) {
      conduct = next;
    },
    close() {
      for (const mailbox of [newSpans, newMetrics, away]) mailbox.close('it has closed');
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end('{}');
}

function spansOf(body: unknown): CollectedSpan[] {
  return list(body, 'resourceSpans').flatMap((resource) => {
    const about = attributesOf(record(resource['resource']));
    return list(resource, 'scopeSpans').flatMap((scope) =>
      list(scope, 'spans').map((span) => ({
        service: String(about['service.name']),
        instance: String(about['service.instance.id']),
        traceId: text(span['traceId']),
        spanId: text(span['spanId']),
        parentSpanId: text(span['parentSpanId']),
        name: text(span['name']),
        kind: kinds[Number(span['kind'])] ?? 'unknown',
        startedAt: BigInt(text(span['startTimeUnixNano'])),
        endedAt: BigInt(text(span['endTimeUnixNano'])),
        attributes: attributesOf(span),
        failed: record(span['status'])['code'] === 2 ? text(record(span['status'])['message']) : '',
        flags: Number(span['flags']),
      })),
    );
  });
}

function metricsOf(body: unknown): CollectedMetric[] {
  return list(body, 'resourceMetrics').flatMap((resource) => {
    const about = attributesOf(record(resource['resource']));
    return list(resource, 'scopeMetrics').flatMap((scope) =>
      list(scope, 'metrics').map((metric) => {
        const kind = ['sum', 'gauge', 'histogram'].find((name) => name in metric) ?? 'unknown';
        return {
          service: String(about['service.name']),
          instance: String(about['service.instance.id']),
          name: text(metric['name']),
          kind,
          points: list(metric[kind], 'dataPoints').map((point) => ({
            attributes: attributesOf(point),
            value: Number(point['asDouble'] ?? point['asInt'] ?? point['count']),
          })),
        };
      }),
    );
  });
}

function attributesOf(from: Json): Record<string, unknown> {
  return Object.fromEntries(
    list(from, 'attributes').map((one) => {
      const [value] = Object.entries(record(one['value'])).map(([type, given]) => (type === 'intValue' ? Number(given) : given));
      return [text(one['key']), value];
    }),
  );
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function list(from: unknown, key: string): Json[] {
  const found = record(from)[key];
  return Array.isArray(found) ? found.map(record) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
