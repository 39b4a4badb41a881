import type { ReasonCount, Tally, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { emptyTally } from '@guildhall/proto/traffic/sums';
import { failedOf } from './figures.js';

/** By what traffic is told. */
export const groupings = ['member', 'pair', 'reason'] as const;
/** By what traffic is told. */
export type Grouping = (typeof groupings)[number];

/** One cell: texts are anybody's, figures are ours. */
export type Cell = string | number;

/** A report as a table: the same figures for people, CSV and JSON, which has names of its own. Times in ms, sizes in bytes. */
export interface ReportTable {
  /** In the words of a CSV's first line: "p99_ms". */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const tallyColumns = [
  'requests',
  'ok',
  'redirected',
  'client_errors',
  'server_errors',
  'global_errors',
  'refused_by_hub',
  'handshakes_refused',
  'request_bytes',
  'answer_bytes',
  'retries',
  'repeats',
  'p50_ms',
  'p99_ms',
] as const;

function tallyCells(tally: Tally | undefined): number[] {
  const { requests, ok, redirected, clientErrors, serverErrors, globalErrors, refused, handshakesRefused, ...rest } = tally ?? emptyTally();
  const counts = [requests, ok, redirected, clientErrors, serverErrors, globalErrors, refused, handshakesRefused];
  const sizes = [rest.requestBytes, rest.answerBytes, rest.retries, rest.repeats];
  return [...[...counts, ...sizes].map(Number), rounded(rest.p50), rounded(rest.p99)];
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function busiest<Row>(rows: readonly Row[], tally: (row: Row) => Tally | undefined, name: (row: Row) => string): Row[] {
  return rows.toSorted((one, other) => {
    const [a, b] = [tally(one)?.requests ?? 0n, tally(other)?.requests ?? 0n];
    return a === b ? (name(one) < name(other) ? -1 : 1) : a > b ? -1 : 1;
  });
}

/** The report of one sum of points. The busiest come first. */
export function reportTable({ members, pairs, otherPairs, reasons, all }: TrafficPoint, by: Grouping): ReportTable {
  switch (by) {
    case 'member':
      return {
        columns: ['member', 'direction', ...tallyColumns],
        rows: busiest(
          members,
          ({ sent }) => sent,
          ({ member }) => member,
        ).flatMap(({ member, sent, received }) => [
          [member, 'sent', ...tallyCells(sent)],
          [member, 'received', ...tallyCells(received)],
        ]),
      };
    case 'pair': {
      const rows: Cell[][] = busiest(
        pairs,
        ({ tally }) => tally,
        ({ from, to }) => `${from} ${to}`,
      ).map(({ from, to, tally }) => [from, to, ...tallyCells(tally)]);
      if (otherPairs !== undefined && otherPairs.requests > 0n) rows.push(['(others)', '(others)', ...tallyCells(otherPairs)]);
      return { columns: ['from', 'to', ...tallyColumns], rows };
    }
    case 'reason': {
      const whole = Number((all?.requests ?? 0n) + (all?.handshakesRefused ?? 0n));
      return {
        columns: ['code', 'status', 'count', 'share'],
        rows: mostFirst(reasons).map(({ code, status, count }) => [
          code,
          status,
          Number(count),
          whole === 0 ? 0 : rounded(Number(count) / whole),
        ]),
      };
    }
  }
}

function mostFirst(reasons: readonly ReasonCount[]): ReasonCount[] {
  return reasons.toSorted((one, other) => (one.count === other.count ? 0 : one.count > other.count ? -1 : 1));
}

/** What of all a report tells in one line: requests, how many failed, how many the hub refused. */
export function totalsOf({ all }: TrafficPoint): { requests: number; failed: number; refused: number; handshakes: number } {
  const tally = all ?? emptyTally();
  return {
    requests: Number(tally.requests),
    failed: Number(failedOf(tally)),
    refused: Number(tally.refused),
    handshakes: Number(tally.handshakesRefused),
  };
}

/** RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvLines({ columns, rows }: ReportTable): string[] {
  return [columns, ...rows].map((row) => row.map(csvCell).join(','));
}

function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return String(cell);
  const harmless = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
