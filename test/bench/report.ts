import { type CodecFigure, totalName } from './codec.js';
import { type Difference, differenceLines, differences } from './differences.js';
import { type Cost, type ProfileSummary, renderProfile } from './profile.js';
import { groups, median } from './statistics.js';

/** One run of one hub under one pattern. */
export interface Row {
  readonly hub: string;
  readonly pattern: string;
  readonly round: number;
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
  /** Processor microseconds a transaction of the load's two ends: not the hub's, but of the same processors. */
  readonly sender: number;
  readonly answerer: number;
  /** What went wrong, in words. */
  readonly troubles: readonly string[];
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

/** Where a process of the hub spent its time under a pattern. */
export interface FoundProfile {
  readonly pattern: string;
  readonly service: string;
  readonly transactions: number;
  readonly summary: ProfileSummary;
}

/** Everything a bench found. */
export interface Findings {
  readonly machine: string;
  readonly rows: readonly Row[];
  readonly codec: readonly CodecFigure[];
  /** Peers that were asked for and are not there. */
  readonly missing: readonly string[];
  readonly profiles: readonly FoundProfile[];
  /** Names of two ways to run our hub that are compared. */
  readonly compared?: { readonly hub: string; readonly against: string };
}

/** What the hub is to reach on two processors, the load's own share of them included. */
const goals = { pattern: '4x50', perSecond: 25_000, cpu: 45, codec: 4000 } as const;

/** Lines of the longest table of a profile. */
const profileLines = 25;

/** The medians of every pattern and hub, in the order in which they were first measured. */
export function medians(rows: readonly Row[]): readonly Median[] {
  return groups(rows, (row) => `${row.pattern} ${row.hub}`).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const of = (field: (row: Row) => number): number => median(group.map(field));
    return [
      {
        hub: first.hub,
        pattern: first.pattern,
        rounds: group.length,
        transactions: first.transactions,
        perSecond: of((row) => row.perSecond),
        cpu: of((row) => row.cpu),
        cpuParts: Object.fromEntries(Object.keys(first.cpuParts).map((part) => [part, of((row) => row.cpuParts[part] ?? 0)])),
        p50: of((row) => row.p50),
        p99: of((row) => row.p99),
        longest: of((row) => row.longest),
        // One lost answer in one round is not to vanish in a median.
        failed: group.reduce((sum, row) => sum + row.failed, 0),
        memory: of((row) => row.memory),
        sender: of((row) => row.sender),
        answerer: of((row) => row.answerer),
      },
    ];
  });
}

/** The ratios of hub `name` to every other hub, from rounds that both went through. */
export function ratios(rows: readonly Row[], name: string): readonly Ratio[] {
  const others = rows.filter((row) => row.hub !== name);
  return groups(others, (row) => `${row.pattern} ${row.hub}`).flatMap((group) => {
    const [first] = group;
    const pairs = group.flatMap((peer) => {
      const own = rows.find((row) => row.hub === name && row.pattern === peer.pattern && row.round === peer.round);
      return own === undefined || peer.perSecond === 0 ? [] : [{ own, peer }];
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

/** The findings as one JSON text. */
export function renderJson(findings: Findings, name: string): string {
  const { machine, rows, codec, missing, profiles } = findings;
  const shown = profiles.map(({ pattern, service, transactions, summary }) => {
    const top = (costs: readonly Cost[]): readonly Cost[] => costs.slice(0, profileLines);
    return { pattern, service, transactions, ...summary, self: top(summary.self), own: top(summary.own), files: top(summary.files) };
  });
  const all = {
    machine,
    missing,
    medians: medians(rows),
    ratios: ratios(rows, name),
    differences: compare(findings),
    codec,
    rounds: rows,
    profiles: shown,
  };
  return JSON.stringify(all, undefined, 2);
}

/** The findings as tables for people. */
export function renderTables(findings: Findings, name: string): string {
  const all = medians(findings.rows);
  const lines = [findings.machine];
  for (const group of groups(all, (row) => row.pattern)) {
    lines.push(
      '',
      heading(group[0]?.pattern ?? ''),
      cells('', ['tx/s', 'CPU us/tx', 'p50 ms', 'p99 ms', 'max ms', 'failed', 'memory MiB']),
    );
    for (const row of group) {
      const figures = [
        thousands(row.perSecond),
        row.cpu.toFixed(1),
        row.p50.toFixed(2),
        row.p99.toFixed(2),
        row.longest.toFixed(1),
        String(row.failed),
        row.memory.toFixed(0),
      ];
      lines.push(cells(row.hub, figures));
      const split = Object.entries(row.cpuParts).filter(([, micros]) => micros >= 0.05);
      if (split.length > 1) lines.push(`    of which ${split.map(([part, micros]) => `${part} ${micros.toFixed(1)}`).join(', ')} us`);
      lines.push(`    beside it the load itself: sender ${row.sender.toFixed(1)}, answerer ${row.answerer.toFixed(1)} us`);
    }
    for (const row of group) if (row.hub === name && row.pattern === goals.pattern) lines.push(goalLine(row));
    for (const ratio of ratios(findings.rows, name).filter((one) => one.pattern === group[0]?.pattern)) {
      const words = `${ratio.perSecond.toFixed(2)} x the transactions, ${ratio.cpu.toFixed(2)} x the CPU, ${ratio.p99.toFixed(2)} x the p99`;
      lines.push(`  ${ratio.hub} to ${ratio.peer}: ${words}`);
    }
    lines.push(...differenceLines(compare(findings), group[0]?.pattern ?? ''));
  }
  if (findings.codec.length > 0) {
    lines.push(
      '',
      'codec alone',
      ...findings.codec.map((figure) => `  ${figure.name.padEnd(48)}${(figure.nanoseconds / 1000).toFixed(2).padStart(6)} us`),
    );
  }
  for (const { nanoseconds } of findings.codec.filter((figure) => figure.name === totalName)) {
    lines.push(`  goal: at most ${(goals.codec / 1000).toFixed(1)} us in all: ${nanoseconds <= goals.codec ? 'reached' : 'MISSED'}`);
  }
  for (const found of findings.profiles) {
    lines.push('', renderProfile(`profile of ${found.service}, ${found.pattern}`, found.summary, found.transactions, profileLines));
  }
  for (const peer of findings.missing)
    lines.push(
      '',
      `NO RATIO: ${peer} is not installed. cure: apt-get install kamailio kamailio-tls-modules (npm run bench does it by itself on Debian)`,
    );
  for (const trouble of new Set(findings.rows.flatMap((row) => row.troubles.map((words) => `${row.hub} ${row.pattern}: ${words}`))))
    lines.push('', trouble);
  return `${lines.join('\n')}\n`;
}

function compare({ rows, compared }: Findings): readonly Difference[] {
  return compared === undefined ? [] : differences(rows, compared.hub, compared.against);
}

function goalLine(row: Median): string {
  const reached = row.perSecond >= goals.perSecond && row.cpu <= goals.cpu;
  return `  goal: at least ${thousands(goals.perSecond)} tx/s and at most ${goals.cpu} us: ${reached ? 'reached' : 'MISSED'}`;
}

function heading(pattern: string): string {
  const [, connections = '', sign, number = ''] = /^(\d+)([x@])(\d+)$/.exec(pattern) ?? [];
  if (sign === '@') return `open loop: ${connections} connections, ${number} a second`;
  return `${number === '1' ? 'fan-in' : 'trunks'}: ${connections} connections, ${number} in flight on each`;
}

function cells(name: string, figures: readonly string[]): string {
  return `  ${name.padEnd(28)}${figures.map((figure) => figure.padStart(11)).join('')}`;
}

function thousands(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}
