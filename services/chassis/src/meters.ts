import { ValueType } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { buildVersion } from './build.js';
import { monotonic } from './clock.js';
import { createPauses, type Pauses } from './pauses.js';
import { watchProcess } from './process-meters.js';

/** Label values of one series. Only ids and codes of closed lists: never a user, a URI, a Call-ID. */
export type Labels = Readonly<Record<string, string>>;

/** What an instrument reads at scrape time: plain fields, one pair per series. All are gathered when it is called; they are told over many turns of the event loop. */
export type Readings = () => Iterable<readonly [labels: Labels, value: number]>;

/** A histogram of plain fields: `record` costs nanoseconds. */
export interface Histogram {
  record(value: number): void;
}

/** The instruments of one service instance. Nothing global: several services in one process keep theirs apart. */
export interface Meters {
  /** A sum that only grows. Name it in snake_case with its unit (`_seconds`, `_bytes`) if it has one, but without `_total`, which is added. */
  counter(name: string, help: string, read: Readings): void;
  /** A value that goes up and down. Name it with its unit. A series that is not read any more is gone. */
  gauge(name: string, help: string, read: Readings): void;
  /** Counts values into buckets with these upper bounds, ascending, and one above. The same name may be made once per label set, with the same bounds. */
  histogram(name: string, help: string, bounds: readonly number[], labels?: Labels): Histogram;
  /** Everything in Prometheus text format, every series with service_name and service_instance_id. Messages pass in between: thousands of series take a second. */
  prometheus(): Promise<string>;
  /** The same as it is sent to a collector, in pieces. */
  collect(): AsyncIterable<ResourceMetrics>;
  close(): Promise<void>;
}

type Kind = 'counter' | 'gauge' | 'histogram';

interface Series {
  labels: Labels;
  counts: number[];
  sum: number;
  count: number;
}

interface Instrument {
  kind: Kind;
  help: string;
  readers: Readings[];
  bounds: readonly number[];
  series: Series[];
}

type HrTime = [seconds: number, nanoseconds: number];

/** ms at a time for telling figures: messages pass in between. */
const atATime = 0.25;
/** Series of one instrument that are told together, and of all together in a piece for a collector. */
const together = { told: 25, piece: 200 } as const;

/** `pauses`: one telling's. */
interface MeterOptions {
  readonly series?: number;
  readonly pauses?: () => Pauses;
}

function briefly(): Pauses {
  return createPauses(atATime, monotonic);
}

/**
 * Instruments are read when somebody scrapes, never on the message path. The data is OpenTelemetry's, but not gathered
 * by its instruments: those remember a label combination for ever, so that a member who left would stay at its last
 * value. Comes with guildhall_build_info and the usual process_* and nodejs_* series. `series` is how many label
 * combinations an instrument may have; what is above is summed up under the label otel_metric_overflow.
 */
export function createMeters(
  service: string,
  id: string,
  { series: mostSeries = 2000, pauses: pausesOf = briefly }: MeterOptions = {},
): Meters {
  const instruments = new Map<string, Instrument>();
  const resource = resourceFromAttributes({ 'service.name': service, 'service.instance.id': id });
  const serializer = new PrometheusSerializer('', false, /^service\.(name|instance\.id)$/, true, true);
  const startTime = hrTime();

  const instrument = (kind: Kind, name: string, help: string, bounds: readonly number[] = []): Instrument => {
    if (!/^[a-z][a-z0-9_]{0,199}$/.test(name)) throw new TypeError(`${name} cannot be the name of an instrument`);
    const known = instruments.get(name) ?? { kind, help, readers: [], bounds, series: [] };
    if (known.kind !== kind || known.bounds.join() !== bounds.join()) throw new TypeError(`${name} is another instrument already`);
    instruments.set(name, known);
    return known;
  };

  /** Every instrument as it is when its turn comes, `together.told` series at most a time. */
  async function* walk(pauses: Pauses): AsyncGenerator<{ metric: MetricData; first: boolean }> {
    await pauses.take();
    for (const [name, one] of instruments) {
      let first = true;
      for await (const metric of piecesOf(name, one, { startTime, endTime: hrTime(), mostSeries, pauses })) {
        if (pauses.due()) await pauses.take();
        yield { metric, first };
        first = false;
      }
    }
  }
  let telling: Promise<string> | undefined;
  const tell = async (): Promise<string> => {
    let text = '';
    for await (const { metric, first } of walk(pausesOf())) {
      const said = serializer.serialize(asResource([metric]));
      text += first ? said : withoutHead(said);
    }
    return text;
  };
  const asResource = (metrics: MetricData[]): ResourceMetrics => ({ resource, scopeMetrics: [{ scope: { name: 'guildhall' }, metrics }] });

  const meters: Meters = {
    counter(name, help, read) {
      instrument('counter', name, help).readers.push(read);
    },
    gauge(name, help, read) {
      instrument('gauge', name, help).readers.push(read);
    },
    histogram(name, help, bounds, labels = {}) {
      const { series } = instrument('histogram', name, help, [...bounds]);
      const one: Series = { labels, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0, count: 0 };
      series.push(one);
      return recorder(one, [...bounds]);
    },
    // Who asks while it is told to somebody is told the same: who gives up and asks again must not make it longer.
    prometheus() {
      telling ??= tell().finally(() => {
        telling = undefined;
      });
      return telling;
    },
    async *collect() {
      let metrics: MetricData[] = [];
      let series = 0;
      const pauses = pausesOf();
      for await (const { metric } of walk(pauses)) {
        metrics.push(metric);
        series += metric.dataPoints.length;
        if (series < together.piece) continue;
        // What is done with it takes long, too.
        await pauses.take();
        yield asResource(metrics);
        metrics = [];
        series = 0;
      }
      await pauses.take();
      if (series > 0) yield asResource(metrics);
    },
    async close() {
      stopWatching();
    },
  };
  const build = { version: buildVersion(), node: process.version };
  meters.gauge('guildhall_build_info', 'Always 1; the labels say what runs.', () => [[build, 1]]);
  const stopWatching = watchProcess(meters);
  return meters;
}

function recorder(series: Series, bounds: readonly number[]): Histogram {
  const { counts } = series;
  return {
    record(value) {
      let bucket = 0;
      while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      series.sum += value;
      series.count += 1;
    },
  };
}

interface Collection {
  startTime: HrTime;
  endTime: HrTime;
  mostSeries: number;
  pauses: Pauses;
}

/** What an instrument shows now, some series at a time; at least one piece. */
async function* piecesOf(
  name: string,
  one: Instrument,
  { startTime, endTime, mostSeries, pauses }: Collection,
): AsyncGenerator<MetricData> {
  const common = {
    descriptor: { name, description: one.help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (one.kind === 'histogram') {
    for (const some of parts(one.series)) {
      const dataPoints = some.map(({ labels, counts, sum, count }) => ({
        startTime,
        endTime,
        attributes: labels,
        value: { buckets: { boundaries: [...one.bounds], counts: [...counts] }, sum, count },
      }));
      yield { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    return;
  }
  for (const some of parts(await readAll(one, mostSeries, pauses))) {
    const dataPoints = some.map(({ labels, value }) => ({ startTime, endTime, attributes: labels, value }) satisfies DataPoint<number>);
    if (one.kind === 'gauge') yield { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
    else yield { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
}

/** So many as are told together, and what is left; of nothing, nothing once. */
function* parts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from === 0 || from < all.length; from += together.told) yield all.slice(from, from + together.told);
}

/** What the readers say now, the same labels only once: a scrape with a series twice would be refused as a whole. */
async function readAll({ kind, readers }: Instrument, mostSeries: number, pauses: Pauses): Promise<{ labels: Labels; value: number }[]> {
  const found = new Map<string, { labels: Labels; value: number }>();
  for (const read of readers) {
    for (const [labels, value] of read()) {
      if (pauses.due()) await pauses.take();
      let key = keyOf(labels);
      let known = found.get(key);
      if (known === undefined && found.size >= mostSeries - 1) {
        key = overflow;
        known = found.get(key);
      }
      if (known === undefined) found.set(key, { labels: key === overflow ? { otel_metric_overflow: 'true' } : labels, value });
      else known.value = kind === 'counter' || key === overflow ? known.value + value : value;
    }
  }
  return [...found.values()];
}

const overflow = 'overflow';

/** The same for the same labels, whatever their order, and for no others. */
function keyOf(labels: Labels): string {
  let key = '';
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name] ?? '';
    key += `${name}:${value.length}:${value}`;
  }
  return key;
}

/** Without the lines HELP and TYPE, which a metric has once. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1);
}

function hrTime(): HrTime {
  const now = Date.now();
  return [Math.floor(now / 1000), (now % 1000) * 1_000_000];
}
