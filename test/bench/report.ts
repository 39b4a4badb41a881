import { type CodecFigure, totalName } from './codec.js';
import { type Difference, differenceLines, differences } from './differences.js';
import { goalLines } from './goals.js';
import { singleName } from './hub-names.js';
import { headingOf } from './patterns.js';
import { type Cost, type ProfileSummary, renderProfile } from './profile.js';
import { type Loss, type Median, medians, type Row, ratios } from './rows.js';
import { groups } from './statistics.js';

/** Where a process of the hub spent its time under a pattern. */
export interface FoundProfile {
  readonly pattern: string;
  readonly service: string;
  readonly transactions: number;
  readonly summary: ProfileSummary;
}

/** Two ways to run our hub of which one is to be as fast as the other. */
export interface Growth {
  /** The larger one, and the one it is compared with: names in rows. */
  readonly hub: string;
  readonly against: string;
  /** What may change: the rate by so much either way (0.05: 5 %), or processor time a transaction upwards. */
  readonly field: 'perSecond' | 'cpu';
  readonly most: number;
  /** How it was run, in words; '' where there is nothing to say. */
  readonly how: string;
}

/** Everything a bench found. */
export interface Findings {
  readonly machine: string;
  readonly rows: readonly Row[];
  /** Runs of peers that came to nothing. */
  readonly losses: readonly Loss[];
  readonly codec: readonly CodecFigure[];
  /** Peers that were asked for and are not there. */
  readonly missing: readonly string[];
  readonly profiles: readonly FoundProfile[];
  /** Names of two ways to run our hub that are compared. */
  readonly compared?: { readonly hub: string; readonly against: string };
  readonly grown?: Growth;
}

/** What reading and writing a message is to cost, ns. */
const codecGoal = 4000;

/** Lines of the longest table of a profile. */
const profileLines = 25;

/** The findings as one JSON text. */
export function renderJson(findings: Findings, name: string): string {
  const { machine, rows, losses, codec, missing, profiles } = findings;
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
    grown: findings.grown,
    codec,
    rounds: rows,
    losses,
    profiles: shown,
  };
  return JSON.stringify(all, undefined, 2);
}

/** The findings as tables for people. */
export function renderTables(findings: Findings, name: string): string {
  const all = medians(findings.rows);
  const lines = [findings.machine];
  for (const pattern of new Set([...all, ...findings.losses].map((one) => one.pattern))) {
    const group = all.filter((row) => row.pattern === pattern);
    const unit = group[0]?.unit ?? 'tx';
    lines.push(
      '',
      headingOf(pattern),
      cells('', [`${unit}/s`, `CPU us/${unit === 'calls' ? 'call' : unit}`, 'p50 ms', 'p99 ms', 'max ms', 'failed', 'memory MiB']),
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
      lines.push(...splitLine('of which', row.cpuParts, 0.05, 1, 'us'), ...splitLine('memory of', row.memoryParts, 0.5, 0, 'MiB'));
      const batch = row.batch > 0 ? `; requests arrived ${row.batch.toFixed(1)} at once` : '';
      lines.push(`    beside it the load itself: sender ${row.sender.toFixed(1)}, answerer ${row.answerer.toFixed(1)} us${batch}`);
      if (row.how !== undefined) lines.push(`    with ${row.how}`);
      if (row.rounds > 1) lines.push(bestLine(findings.rows, row));
    }
    lines.push(...lossLines(findings, pattern));
    const ours = [name, ...(group.some(({ hub }) => hub === singleName) ? [singleName] : [])];
    for (const ratio of ours.flatMap((own) => ratios(findings.rows, own)).filter((one) => one.pattern === pattern)) {
      const words = `${ratio.perSecond.toFixed(2)} x the transactions, ${ratio.cpu.toFixed(2)} x the CPU, ${ratio.p99.toFixed(2)} x the p99`;
      lines.push(`  ${ratio.hub} to ${ratio.peer}: ${words}`);
    }
    lines.push(...differenceLines(compare(findings), pattern), ...growthLines(findings, pattern));
    // A part of a hub, or another one than the table is about, has no goals.
    if (findings.compared === undefined && findings.grown === undefined && findings.profiles.length === 0)
      for (const own of ours)
        lines.push(...goalLines(findings.rows, own, pattern).map((line) => (own === name ? line : `${line} (${own})`)));
  }
  if (findings.codec.length > 0) {
    lines.push(
      '',
      'codec alone',
      ...findings.codec.map((figure) => `  ${figure.name.padEnd(48)}${(figure.nanoseconds / 1000).toFixed(2).padStart(6)} us`),
    );
  }
  for (const { nanoseconds } of findings.codec.filter((figure) => figure.name === totalName)) {
    lines.push(`  goal: at most ${(codecGoal / 1000).toFixed(1)} us in all: ${nanoseconds <= codecGoal ? 'reached' : 'MISSED'}`);
  }
  for (const found of findings.profiles) {
    lines.push('', renderProfile(`profile of ${found.service}, ${found.pattern}`, found.summary, found.transactions, profileLines));
  }
  for (const peer of findings.missing)
    lines.push(
      '',
      `NO RATIO: ${peer} is not installed. cure: apt-get install kamailio kamailio-tls-modules (npm run bench does it by itself on Debian)`,
    );
  const lost = findings.losses.map(({ hub, pattern, why }) => `${hub} ${pattern}: ${why}`);
  for (const trouble of new Set([
    ...lost,
    ...findings.rows.flatMap((row) => row.troubles.map((words) => `${row.hub} ${row.pattern}: ${words}`)),
  ]))
    lines.push('', trouble);
  return `${lines.join('\n')}\n`;
}

function compare({ rows, compared }: Findings): readonly Difference[] {
  return compared === undefined ? [] : differences(rows, compared.hub, compared.against);
}

function splitLine(words: string, parts: Readonly<Record<string, number>>, least: number, digits: number, unit: string): readonly string[] {
  const shown = Object.entries(parts).filter(([, amount]) => amount >= least);
  return shown.length > 1 ? [`    ${words} ${shown.map(([part, amount]) => `${part} ${amount.toFixed(digits)}`).join(', ')} ${unit}`] : [];
}

/** The best that a hub showed in any round: a peer is not to be judged by a bad moment. */
function bestLine(rows: readonly Row[], { hub, pattern, unit }: Median): string {
  const own = rows.filter((row) => row.hub === hub && row.pattern === pattern);
  const best = Math.max(...own.map((row) => row.perSecond));
  return `    at its best ${thousands(best)} ${unit}/s; ${Math.min(...own.map((row) => row.cpu)).toFixed(1)} us`;
}

/** Who came to nothing in some round is not to be taken for one who was not asked. */
function lossLines({ rows, losses }: Findings, pattern: string): readonly string[] {
  return groups(
    losses.filter((loss) => loss.pattern === pattern),
    ({ hub }) => hub,
  ).flatMap((group) => {
    const hub = group[0]?.hub ?? '';
    const lived = rows.filter((row) => row.hub === hub && row.pattern === pattern).length;
    const counted = `died in ${group.length} of ${group.length + lived} rounds, of which there are no figures`;
    return lived > 0 ? [`    ${hub} ${counted}`] : [cells(hub, ['died', ...Array<string>(6).fill('-')]), `    ${counted}`];
  });
}

function growthLines({ rows, grown }: Findings, pattern: string): readonly string[] {
  if (grown === undefined) return [];
  const { hub, against, field, most, how } = grown;
  return ratios(
    rows.filter((row) => row.hub === hub || row.hub === against),
    hub,
  )
    .filter((ratio) => ratio.pattern === pattern)
    .map((ratio) => {
      const change = ratio[field] - 1;
      const kept = (field === 'cpu' ? change : Math.abs(change)) <= most;
      const limit = `${field === 'cpu' ? 'at most +' : 'within '}${(most * 100).toFixed(0)} %`;
      const words = `${field === 'cpu' ? 'CPU a transaction' : 'the rate'} ${change < 0 ? '' : '+'}${(change * 100).toFixed(1)} %`;
      return `  goal: from ${against} to ${hub} ${limit}: ${words}  ${kept ? 'kept' : 'MISSED'}${how === '' ? '' : ` (${how})`}`;
    });
}

function cells(name: string, figures: readonly string[]): string {
  return `  ${name.padEnd(28)}${figures.map((figure) => figure.padStart(12)).join('')}`;
}

function thousands(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}
