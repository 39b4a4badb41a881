import { type Account, addMaps, type PairAccount } from './ledger.js';
import type { Memory } from './memory.js';
import type { Row, RowResult } from './row.js';

/** A row that was played. */
export interface Played {
  readonly row: Row;
  readonly result: RowResult;
  /** Seconds it took. */
  readonly took: number;
}

const columns = [
  'row',
  'sent',
  'answered',
  'real',
  'duplicates',
  'lost',
  'two branches',
  'worst gap',
  'others’ p99 before, after',
  'memory before, after',
  'verdict',
] as const;

/** The cells of a row, in the order of `columnNames`. */
export function cells({ row, result }: Played): readonly string[] {
  const { account, memory, verdict } = result;
  if (account === undefined) return [row.name, ...columns.slice(1, -1).map(() => '-'), verdict];
  const others = account.pairs.filter((pair) => !pair.concerned);
  return [
    row.name,
    String(account.sent),
    String(account.answered),
    String(account.real),
    String(account.duplicates),
    account.died === 0 ? String(account.lost) : `${account.lost} (+${account.died} died)`,
    String(account.twoBranches),
    milliseconds(account.worstGap),
    others.length === 0 ? '-' : `${milliseconds(worstP99(others, 'before'))}, ${milliseconds(worstP99(others, 'after'))}`,
    memory === undefined ? '-' : `${total(memory.before).toFixed(0)}, ${total(memory.after).toFixed(0)} MiB`,
    verdict,
  ];
}

/** The columns of the table. */
export const columnNames: readonly string[] = columns;

/** What stands under a row: broken promises first, then figures, indented. */
export function remarks({ row, result }: Played): readonly string[] {
  const { account, memory, broken, notes, verdict } = result;
  const hurt = verdict === 'skipped' ? 'skipped' : 'BROKEN';
  return [
    `must hold: ${row.promise}`,
    ...broken.map((sentence) => `${hurt}: ${sentence}`),
    ...(account === undefined ? [] : figures(account)),
    ...notes,
    ...(memory === undefined ? [] : [`memory, MiB: ${byProcess(memory.before, memory.after)}`]),
  ];
}

/** The table as text of fixed columns; `widths` fits header and every cell that is likely. */
export function line(row: readonly string[]): string {
  const widths = [18, 8, 8, 8, 10, 16, 12, 10, 26, 22, 8];
  return row
    .map((cell, at) => cell.padEnd(widths[at] ?? 0))
    .join('  ')
    .trimEnd();
}

/** What a program reads: plain values, maps as objects. */
export function plain({ row, result, took }: Played): unknown {
  const unwrap = (_key: string, value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value);
  return JSON.parse(JSON.stringify({ row: row.name, promise: row.promise, took, ...result }, unwrap));
}

function figures(account: Account): readonly string[] {
  const lines = [
    `slowest answer ${milliseconds(account.longest)}; normal again after ${milliseconds(account.normalAfter)}; copies absorbed by receivers ${account.copies}`,
  ];
  if (account.refused.size > 0) lines.push(`the hub's own answers: ${list(account.refused)}`);
  if (account.heldBack > 0) lines.push(`held back for want of a connection: ${account.heldBack}`);
  const concerned = account.pairs.filter((pair) => pair.concerned);
  if (concerned.length > 0) {
    const after = addMaps(concerned.map((pair) => pair.after.refused));
    const real = concerned.reduce((before, pair) => before + pair.after.real, 0);
    const sent = concerned.reduce((before, pair) => before + pair.after.sent, 0);
    lines.push(`pairs concerned, after the fault: ${sent} sent, ${real} answered by the far member; ${list(after)}`);
  }
  return lines;
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${count} x ${name}`).join(', ');
}

function worstP99(pairs: readonly PairAccount[], span: 'before' | 'after'): number {
  return Math.max(...pairs.map((pair) => pair[span].p99));
}

function total(memory: Memory): number {
  return [...memory.values()].reduce((before, mib) => before + mib, 0);
}

function byProcess(before: Memory, after: Memory): string {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const mib = (memory: Memory, name: string): string => memory.get(name)?.toFixed(0) ?? 'gone';
  return names.map((name) => `${name} ${mib(before, name)}, ${mib(after, name)}`).join('; ');
}

/** A span of time for people. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}
