import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';

/** What became of a batch of the stream. */
export type BatchResult = 'folded' | 'sampled' | 'malformed' | 'missed';
/** What receives as long as it likes. */
export type Receiver = 'traffic' | 'tail' | 'search';
/** How a search ended: all was looked at or found, a limit cut it off, or it was not begun. */
export type SearchResult = 'done' | 'cut' | 'refused';

/** What happened in this console: each fact becomes a count and, where it is rare, a log record. */
export interface Events {
  batch(result: BatchResult, count?: number): void;
  /** Records that were looked at, and the ms it took. */
  folded(records: number, ms: number): void;
  lost(dropped: number, lost: number): void;
  sampling(times: number): void;
  /** A stream can not be read, and why; '' when it can again. */
  trouble(stream: string, why: string): void;
  anew(stream: string): void;
  receivers(what: Receiver, change: 1 | -1): void;
  searched(result: SearchResult): void;
  minute(result: 'stored' | 'failed', count: number): void;
  reportDropped(): void;
  failed(what: string, thrown: unknown): void;
}

/** What instruments read besides the counts. */
export interface Gauges {
  behind(): number;
  sampled(): number;
  sizes(): { readonly members: number; readonly pairs: number };
}

/** Registers its instruments with `meters`, which read `gauges` whenever they are shown. */
export function createEvents(log: Logger, meters: Pick<Meters, 'counter' | 'gauge'>, gauges: Gauges): Events {
  const batches: Record<BatchResult, number> = { folded: 0, sampled: 0, malformed: 0, missed: 0 };
  const receivers: Record<Receiver, number> = { traffic: 0, tail: 0, search: 0 };
  const searches: Record<SearchResult, number> = { done: 0, cut: 0, refused: 0 };
  const minutes = { stored: 0, failed: 0 };
  const records = { folded: 0, dropped: 0, lost: 0 };
  let foldMs = 0;
  let failures = 0;
  let reportsDropped = 0;

  const series = (label: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, value]) => [{ [label]: name }, value] as const);

  meters.counter('guildhall_console_batches', 'Batches of records in the stream, by what became of them.', () => series('result', batches));
  meters.counter(
    'guildhall_console_records',
    'Records: looked at here, dropped by ingress instances, and lost with ingress instances as far as it is known.',
    () => series('result', records),
  );
  meters.counter('guildhall_console_fold_seconds', 'Time spent on reading and counting records.', () => [[{}, foldMs / 1000]]);
  meters.gauge('guildhall_console_behind_records', 'Records that are stored and not yet looked at.', () => [[{}, gauges.behind()]]);
  meters.gauge('guildhall_console_sampled', 'Of so many batches one is looked at; 1: all are.', () => [[{}, gauges.sampled()]]);
  meters.gauge('guildhall_console_members', 'Members that are told apart in figures.', () => [[{}, gauges.sizes().members]]);
  meters.gauge('guildhall_console_pairs', 'Pairs of members that are told apart in figures.', () => [[{}, gauges.sizes().pairs]]);
  meters.gauge('guildhall_console_watchers', 'Receivers of frames and of records, and searches under way.', () =>
    series('what', receivers),
  );
  meters.counter('guildhall_console_searches', 'Searches in the stored records, by how they ended.', () => series('result', searches));
  meters.counter('guildhall_console_minutes', 'Messages with a minute of traffic, by whether they could be stored.', () =>
    series('result', minutes),
  );
  meters.counter('guildhall_console_reports_dropped', 'Reports of instances that were not believed.', () => [[{}, reportsDropped]]);
  meters.counter('guildhall_console_failures', 'Errors of our own that nobody was told of.', () => [[{}, failures]]);

  return {
    batch(result, count = 1) {
      batches[result] += count;
      if (result === 'missed') log.warn({ batches: count }, 'records were gone from their stream before they could be read');
    },
    folded(count, ms) {
      records.folded += count;
      foldMs += ms;
    },
    lost(dropped, lost) {
      records.dropped += dropped;
      records.lost += lost;
      if (dropped > 0) log.warn({ records: dropped }, 'ingress dropped records that it could not store');
      if (lost > 0) log.warn({ records: lost }, 'records were lost with an ingress');
    },
    sampling(times) {
      if (times > 1) log.warn({ oneOf: times }, 'more records come than can be looked at: figures are estimated from some of them');
      else log.info('all records are looked at again');
    },
    trouble(stream, why) {
      if (why === '') log.info({ stream }, 'the stream is read');
      else log.warn({ stream, why }, 'the stream cannot be read at the moment');
    },
    anew: (stream) => log.warn({ stream }, 'the stream is a new one: it is read from its beginning'),
    receivers(what, change) {
      receivers[what] += change;
    },
    searched(result) {
      searches[result] += 1;
    },
    minute(result, count) {
      minutes[result] += count;
    },
    reportDropped() {
      reportsDropped += 1;
    },
    failed(what, thrown) {
      failures += 1;
      log.error({ what, err: thrown }, 'failed');
    },
  };
}
