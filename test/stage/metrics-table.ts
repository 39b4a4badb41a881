import type { Family } from './exposition.js';

/** A row of the table in deploy/prometheus/METRICS.md. */
export interface MetricRow {
  readonly metric: string;
  readonly type: string;
  /** Services that have it, in alphabetical order. */
  readonly services: readonly string[];
  readonly labels: readonly string[];
  readonly meaning: string;
}

/** The rows of the table in a text; everything else in it is passed over. */
export function readMetricsTable(text: string): MetricRow[] {
  return [...text.matchAll(/^\| `(\S+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(
    ([, metric = '', type = '', services = '', labels = '', meaning = '']) => ({
      metric,
      type,
      services: listed(services),
      labels: listed(labels),
      meaning: meaning.trim(),
    }),
  );
}

/** What the table has to say of a metric. A metric of which no series was seen keeps the labels that the table gives it. */
export function rowOf({ name, type, services, labels, series, help }: Family, told: MetricRow | undefined): MetricRow {
  const seen = [...labels.keys()].toSorted();
  return { metric: name, type, services: [...services].toSorted(), labels: series === 0 ? (told?.labels ?? []) : seen, meaning: help };
}

/** A row as it stands in the table. */
export function writeRow({ metric, type, services, labels, meaning }: MetricRow): string {
  return `| \`${metric}\` | ${type} | ${services.join(', ')} | ${labels.join(', ')} | ${meaning} |`;
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
