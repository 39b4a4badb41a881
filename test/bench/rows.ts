import { hubName, singleName } from './hub-names.js';
import type { Unit } from './patterns.js';
import { groups, median } from './statistics.js';

/** One run of one hub under one pattern. */
export interface Row {
  readonly hub: string;
  readonly pattern: string;
  readonly round: number;
  /** What was unlike other runs of this hub, in words. */
  readonly how?: string;
  /** What is counted: `transactions`, `perSecond` and `cpu` are by this. */
  readonly unit: Unit;
  readonly transactions: number;
  readonly perSecond: number;
  /** Processor microseconds a transaction, in all and by part. */
  readonly cpu: number;
  readonly cpuParts: Readonly<Record<string, number>>;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Transactions refused, lost or answered too often. */
  readonly failed: number;
  /** Resident memory of the whole hub in MiB after the run. */
  readonly memory: number;
  /** The same by part. */
  readonly memoryParts: Readonly<Record<string, number>>;
  /** Requests that the answering member read at once, on average: how full batches still are when they leave the hub. */
  readonly batch: number;
  /** Processor microseconds a transaction of the load's two ends: not the hub's, but of the same processors. */
  readonly sender: number;
  readonly answerer: number;
  /** What went wrong, in words. */
  readonly troubles: readonly string[];
}

/** A run of which there are no figures. */
export interface Loss extends Pick<Row, 'hub' | 'pattern' | 'round'> {
  readonly why: string;
}

/** A hub's row of medians over the rounds of a pattern. */
export type Median = Omit<Row, 'round' | 'troubles'> & { readonly rounds: number };

/** How the first hub does beside another: medians of the ratios within each round. */
export interface Ratio {
  readonly pattern: string;
  readonly hub: string;
  readonly peer: string;
  /** Above 1: more transactions a second. */
  readonly perSecond: number;
  /** Below 1: less processor time a transaction. */
  readonly cpu: number;
  readonly p99: number;
}

/** The medians of every pattern and hub, in the order in which they were first measured. */
export function medians(rows: readonly Row[]): readonly Median[] {
  return groups(rows, (row) => `${row.pattern} ${row.hub}`).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const of = (field: (row: Row) => number): number => median(group.map(field));
    const parts = (field: (row: Row) => Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.keys(field(first)).map((part) => [part, of((row) => field(row)[part] ?? 0)]));
    return [
      {
        hub: first.hub,
        pattern: first.pattern,
        rounds: group.length,
        ...(first.how === undefined ? {} : { how: first.how }),
        unit: first.unit,
        transactions: first.transactions,
        perSecond: of((row) => row.perSecond),
        cpu: of((row) => row.cpu),
        cpuParts: parts((row) => row.cpuParts),
        p50: of((row) => row.p50),
        p99: of((row) => row.p99),
        longest: of((row) => row.longest),
        // One lost answer in one round is not to vanish in a median.
        failed: group.reduce((sum, row) => sum + row.failed, 0),
        memory: of((row) => row.memory),
        memoryParts: parts((row) => row.memoryParts),
        batch: of((row) => row.batch),
        sender: of((row) => row.sender),
        answerer: of((row) => row.answerer),
      },
    ];
  });
}

/** The ratios of hub `name` to every other hub, from rounds that both went through; our hub in another shape is no peer of it. */
export function ratios(rows: readonly Row[], name: string): readonly Ratio[] {
  const own = new Set([name, singleName, ...(name === singleName ? [hubName] : [])]);
  const others = rows.filter((row) => !own.has(row.hub));
  return groups(others, (row) => `${row.pattern} ${row.hub}`).flatMap((group) => {
    const [first] = group;
    const pairs = group.flatMap((peer) => {
      const beside = rows.find((row) => row.hub === name && row.pattern === peer.pattern && row.round === peer.round);
      return beside === undefined || peer.perSecond === 0 ? [] : [{ own: beside, peer }];
    });
    if (first === undefined || pairs.length === 0) return [];
    const of = (field: (row: Row) => number): number => median(pairs.map(({ own, peer }) => field(own) / field(peer)));
    return [
      {
        pattern: first.pattern,
        hub: name,
        peer: first.hub,
        perSecond: of((row) => row.perSecond),
        cpu: of((row) => row.cpu),
        p99: of((row) => row.p99),
      },
    ];
  });
}
