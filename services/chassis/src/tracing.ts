import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { buildVersion } from './build.js';
import { monotonic, wall } from './clock.js';
import type { FinishedSpan } from './finished-span.js';
import type { Logger } from './log.js';
import type { Meters } from './meters.js';
import { exported, type OtlpDoor, type Telemetry } from './otlp-door.js';
import { createOtlpPost } from './otlp-post.js';
import { createSpanBytes } from './span-bytes.js';
import { createSpanQueue } from './span-queue.js';
import { headThreshold } from './trace-context.js';

/** The tracing of one service instance. Nothing global: several services in one process keep theirs apart. */
export interface Tracing {
  /** Whether there is a collector. */
  readonly on: boolean;
  /** Traced from the beginning is whose `sampleKey` is below this: 0 to 2^32. */
  readonly threshold: number;
  /** Whether something may be traced that is not because of its trace id. Counts what may not. */
  admits(): boolean;
  /** Takes a span for the collector, or counts it as dropped. Never throws and never waits. */
  span(span: FinishedSpan): void;
  /** Sends what waits, for at most a second. */
  close(): Promise<void>;
}

/** What tracing stands on. */
export interface TracingNeeds {
  readonly service: string;
  readonly id: string;
  readonly telemetry: Telemetry;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly meters: Pick<Meters, 'counter' | 'collect'>;
}

/** Traces nothing. */
export const noTracing: Tracing = {
  on: false,
  threshold: 0,
  admits: () => false,
  span: () => undefined,
  close: async () => undefined,
};

/** How long the last batch may take at the end, ms. */
const lastWords = 1_000;

/**
 * Sends spans, and where the configuration says so the figures of `meters`, to an OTLP collector; without one nothing is made at all. What the collector
 * does is of no consequence: what waits for it is bounded, what it does not take is counted.
 */
export function createTracing({ service, id, telemetry, log, meters }: TracingNeeds): Tracing {
  const { config, traces, metrics } = telemetry;
  if (traces === undefined) return noTracing;
  const batch = createSpanBytes(
    new Map([
      ['service.name', service],
      ['service.namespace', 'guildhall'],
      ['service.instance.id', id],
      ['service.version', buildVersion()],
    ]),
    { name: 'guildhall', version: buildVersion() },
  );
  const toldOf = (what: string) => (why: string) => {
    if (why === '') log.info({ what }, 'the telemetry collector takes what it is sent again');
    else log.warn({ what, why }, 'the telemetry collector does not take what it is sent: it is counted and dropped');
  };
  const queue = createSpanQueue({ batch, most: config.queue, send: createOtlpPost(traces), changed: toldOf('spans') });
  const rate = createRate(config.spansPerSecond);
  const toWall = wallOffset();

  const timers = [setInterval(() => void queue.flush(), config.interval)];
  const pushes = { exported: 0, failed: 0 };
  const push =
    metrics === undefined
      ? undefined
      : metricPush(metrics, meters, { counts: pushes, changed: toldOf('metrics'), most: config.metricsInterval });
  if (push !== undefined) timers.push(setInterval(push.begin, config.metricsInterval));
  for (const timer of timers) timer.unref();

  meters.counter('guildhall_spans', 'Spans made of what passed, by what became of them.', () => [
    [{ result: 'exported' }, queue.counts.exported],
    [{ result: 'failed' }, queue.counts.failed],
    [{ result: 'queue-full' }, queue.counts.queueFull],
    [{ result: 'over-rate' }, rate.refused()],
  ]);
  meters.counter('guildhall_metric_pushes', 'Times that the figures were sent to the telemetry collector, by what became of it.', () =>
    push === undefined ? [] : Object.entries(pushes).map(([result, value]) => [{ result }, value] as const),
  );

  return {
    on: true,
    threshold: headThreshold(config.traces),
    admits: rate.admits,
    span(span) {
      if (!queue.hasRoom()) return;
      batch.add(span, toWall());
      queue.added();
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      const last = Promise.all([queue.flush(), push?.last()]);
      await Promise.race([last, new Promise((resolve) => setTimeout(resolve, lastWords).unref())]);
      push?.stop();
    },
  };
}

/** The figures on their way to a collector, a piece after the other. */
interface MetricPush {
  /** Sends them as they are; not while it still does. */
  begin(): void;
  /** Breaks off what is under way, and sends them as they stand now. Never rejects. */
  last(): Promise<void>;
  stop(): void;
}

/** What becomes of pushes. */
interface PushDesk {
  readonly counts: { exported: number; failed: number };
  readonly changed: (why: string) => void;
  /** All pieces together may take so long, ms. */
  readonly most: number;
}

function metricPush(door: OtlpDoor, meters: Pick<Meters, 'collect'>, { counts, changed, most }: PushDesk): MetricPush {
  const exporter = new OTLPMetricExporter(door);
  let under: { stopped: boolean } | undefined;
  let failing = false;
  const send = async (run: { readonly stopped: boolean }): Promise<void> => {
    const until = monotonic() + most;
    try {
      for await (const piece of meters.collect()) {
        if (run.stopped) return;
        if (monotonic() > until) throw new Error(`it did not take all of them within ${most} ms`);
        await exported((told) => exporter.export(piece, told), door.timeoutMillis);
      }
      counts.exported += 1;
      if (failing) changed('');
      failing = false;
    } catch (thrown) {
      counts.failed += 1;
      if (!failing) changed(thrown instanceof Error ? thrown.message : 'it did not take them');
      failing = true;
    }
  };
  const start = async (): Promise<void> => {
    const run = { stopped: false };
    under = run;
    await send(run);
    if (under === run) under = undefined;
  };
  const stop = (): void => {
    if (under !== undefined) under.stopped = true;
  };
  return {
    begin() {
      if (under === undefined) void start();
    },
    last() {
      stop();
      return start();
    },
    stop,
  };
}

/** So many a second, and at most a second's worth at once. */
function createRate(perSecond: number): { admits(): boolean; refused(): number } {
  let left = perSecond;
  let at = monotonic();
  let refused = 0;
  return {
    admits() {
      const now = monotonic();
      left = Math.min(perSecond, left + ((now - at) * perSecond) / 1000);
      at = now;
      if (left >= 1) {
        left -= 1;
        return true;
      }
      refused += 1;
      return false;
    },
    refused: () => refused,
  };
}

/**
 * What turns monotonic ms into time of day. The time of day is read in whole ms, rounded down: of several readings the largest difference is the nearest
 * to the truth, and what is far from it means that the clock was set.
 */
function wallOffset(): () => number {
  let offset = wall().getTime() - monotonic();
  return () => {
    const seen = wall().getTime() - monotonic();
    if (seen > offset || offset - seen > 2) offset = seen;
    return offset;
  };
}
