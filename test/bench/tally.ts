import type { ResponseSink } from './response-scan.js';

/** What came of one load. */
export interface LoadResult {
  readonly count: number;
  /** Requests answered with 200, once. */
  readonly ok: number;
  /** Requests answered otherwise. */
  readonly refused: number;
  /** Requests without an answer. */
  readonly lost: number;
  /** Answers too many: a Call-ID answered again, or one that was never sent. */
  readonly stray: number;
  /** Final statuses and how often each came. */
  readonly statuses: Readonly<Record<string, number>>;
  /** From the first write to the last answer, in seconds. */
  readonly seconds: number;
  /** Milliseconds from request to final answer. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly longest: number;
  /** What else went wrong, in words, without repetition. */
  readonly troubles: readonly string[];
}

/** The accounts of one load: plain fields and typed arrays, as every answer passes here. */
export interface Tally extends ResponseSink {
  /** The load's request `index` (from 0) leaves, its latency counts from `at` (ms, monotonic). */
  sent(index: number, at: number): void;
  response(status: number, number: number): void;
  /** An answer came that nobody waits for. */
  stray(): void;
  /** The time of the answers that follow. */
  now(at: number): void;
  lastAnswer(): number;
  answered(): number;
  finished(): boolean;
  trouble(words: string): void;
  result(): LoadResult;
}

/** @param count requests in the load, numbered from `first` */
export function createTally(count: number, first: number): Tally {
  const sentAt = new Float64Array(count);
  const done = new Uint8Array(count);
  const latency = new Float32Array(count);
  const statuses = new Uint32Array(700);
  const troubles = new Set<string>();
  let began = 0;
  let answered = 0;
  let ok = 0;
  let stray = 0;
  let now = performance.now();

  return {
    sent(index, at) {
      if (index === 0) began = at;
      sentAt[index] = at;
      done[index] = 1;
    },
    now(at) {
      now = at;
    },
    response(status, number) {
      if (status < 200) return;
      const index = number - first;
      if (!(status < 700) || !(index >= 0 && index < count) || done[index] !== 1) {
        stray += 1;
        return;
      }
      done[index] = 2;
      latency[answered] = now - (sentAt[index] ?? now);
      answered += 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 200) ok += 1;
    },
    stray() {
      stray += 1;
    },
    broken(text) {
      troubles.add(`not a response: ${JSON.stringify(text)}`);
    },
    lastAnswer: () => now,
    answered: () => answered,
    finished: () => answered === count,
    trouble(words) {
      troubles.add(words);
    },
    result() {
      const sorted = latency.subarray(0, answered).slice().sort();
      const quantile = (share: number): number => sorted[Math.floor((answered - 1) * share)] ?? 0;
      const seen = [...statuses.entries()].filter(([, times]) => times > 0).map(([status, times]) => [String(status), times] as const);
      return {
        count,
        ok,
        refused: answered - ok,
        lost: count - answered,
        stray,
        statuses: Object.fromEntries(seen),
        seconds: answered === 0 ? 0 : (now - began) / 1000,
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        longest: quantile(1),
        troubles: [...troubles],
      };
    },
  };
}
