import type { Row } from './rows.js';
import { groups, median } from './statistics.js';

/** What one way to run the hub costs more than another: medians of the differences within each round, processor microseconds a transaction. */
export interface Difference {
  readonly pattern: string;
  readonly hub: string;
  readonly against: string;
  readonly rounds: number;
  /** By part. */
  readonly parts: Readonly<Record<string, number>>;
  /** Of what every transaction passes through, together: the median of the sums, not the sum of the medians. */
  readonly path: number;
  /** The least and the most `path` of a round: how far it is to be believed. */
  readonly least: number;
  readonly most: number;
}

/** What a message passes through; the console only reads what is kept. */
const pathParts = ['ingress', 'relay', 'nats-server'] as const;
/** All of it may cost so much. */
const promise = 3;

/** Compares two hubs in the rounds that both went through. */
export function differences(rows: readonly Row[], hub: string, against: string): readonly Difference[] {
  return groups(
    rows.filter((row) => row.hub === hub),
    (row) => row.pattern,
  ).flatMap((group) => {
    const pairs = group.flatMap((one) => {
      const other = rows.find((row) => row.hub === against && row.pattern === one.pattern && row.round === one.round);
      return other === undefined ? [] : [{ one, other }];
    });
    const [first] = pairs;
    if (first === undefined) return [];
    const names = new Set(pairs.flatMap(({ one, other }) => [...Object.keys(one.cpuParts), ...Object.keys(other.cpuParts)]));
    const of = ({ one, other }: (typeof pairs)[number], part: string) => (one.cpuParts[part] ?? 0) - (other.cpuParts[part] ?? 0);
    const paths = pairs.map((pair) => pathParts.reduce((sum, part) => sum + of(pair, part), 0));
    return [
      {
        pattern: first.one.pattern,
        hub,
        against,
        rounds: pairs.length,
        parts: Object.fromEntries([...names].map((part) => [part, median(pairs.map((pair) => of(pair, part)))])),
        path: median(paths),
        least: Math.min(...paths),
        most: Math.max(...paths),
      },
    ];
  });
}

/** The lines under the table of a pattern. */
export function differenceLines(all: readonly Difference[], pattern: string): readonly string[] {
  return all
    .filter((one) => one.pattern === pattern)
    .flatMap(({ hub, against, parts, path, least, most, rounds }) => {
      const part = (name: string) => `${name} ${signed(parts[name] ?? 0)}`;
      return [
        `  ${hub}, compared with ${against}, in each of ${rounds} rounds, CPU us a transaction:`,
        `    ${pathParts.map(part).join(', ')}: together ${signed(path)} (${signed(least)} to ${signed(most)}); apart from that ${part('console')}`,
        `  promise: at most ${promise.toFixed(1)} us together: ${path <= promise ? 'kept' : 'BROKEN'}`,
      ];
    });
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
}
