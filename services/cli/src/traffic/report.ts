import { Fault } from '@guildhall/chassis/fault';
import type { Command } from 'commander';
import type { MetricsOptions } from '../api/api-access.js';
import { gathered, withMetricsOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { plural } from '../plural.js';
import { type Column, roomyColumns, tableLines } from '../table.js';
import type { World } from '../world.js';
import { instantText, shareText, shortBytes, shortMs, shortNumber } from './figures.js';
import { countedBetween } from './history.js';
import { type Cell, csvLines, groupings, type ReportTable, reportTable, totalsOf } from './report-rows.js';
import { gapsOf } from './top-screen.js';
import { memberId, oneOf, pastInstant } from './traffic-options.js';
import { withMetrics } from './with-metrics.js';

interface ReportOptions extends MetricsOptions {
  readonly since?: string;
  readonly until?: string;
  readonly by?: string;
  readonly format?: string;
  readonly member?: readonly string[];
}

const formats = ['table', 'csv', 'json'] as const;

/** How a column looks to people; CSV and JSON have plain figures. */
function shownCell(column: string, cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (column.endsWith('_ms')) return shortMs(cell);
  if (column.endsWith('_bytes')) return shortBytes(cell);
  if (column === 'share') return shareText(cell, 1);
  return column === 'status' ? String(cell || '-') : Number.isInteger(cell) && cell < 1e6 ? String(cell) : shortNumber(cell);
}

/** What a narrow terminal does without, the first first. */
const spare = ['GLOBAL', 'REDIRECTED', 'REPEATS', 'RETRIES', 'HANDSHAKES', 'OUT', 'P50', 'IN', '5XX', '4XX', 'OK', 'P99', 'REFUSED'];
const titles: Readonly<Record<string, string>> = {
  client_errors: '4XX',
  server_errors: '5XX',
  global_errors: 'GLOBAL',
  refused_by_hub: 'REFUSED',
  handshakes_refused: 'HANDSHAKES',
  request_bytes: 'IN',
  answer_bytes: 'OUT',
  p50_ms: 'P50',
  p99_ms: 'P99',
};

function shownLines({ columns, rows }: ReportTable, by: string, terminal: World['terminal']): string[] {
  const shown = columns.map((column, at): Column<readonly Cell[]> => {
    return {
      title: titles[column] ?? column.toUpperCase(),
      text: (row) => shownCell(column, row[at] ?? ''),
      ...(typeof rows[0]?.[at] === 'number' ? { right: true } : {}),
    };
  });
  const none = by === 'reason' ? 'nothing was refused or failed with a reason of the hub in that time' : 'nothing passed in that time';
  return tableLines(roomyColumns(shown, rows, spare, terminal.columns), rows, none, terminal);
}

/** Columns that JSON names as everywhere in the API, without units; the others in its spelling. */
const jsonNames: Readonly<Record<string, string>> = { refused_by_hub: 'refused', p50_ms: 'p50', p99_ms: 'p99' };

function jsonName(column: string): string {
  return jsonNames[column] ?? column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

async function report(options: ReportOptions, world: World): Promise<number> {
  const now = world.now();
  const since = pastInstant(options.since ?? '24h', '--since', now);
  const until = options.until === undefined ? BigInt(now.getTime()) : pastInstant(options.until, '--until', now);
  if (since >= until) {
    throw new Fault('usage', options.until === undefined ? '--since is not in the past' : '--until is not behind --since', {
      cure: 'give past times in their order, such as --since 48h --until 24h',
      exitCode: 2,
    });
  }
  const by = oneOf(options.by ?? 'member', '--by', groupings);
  const format = oneOf(options.format ?? (options.json ? 'json' : 'table'), '--format', formats);
  if (options.json && format !== 'json') {
    throw new Fault('usage', `--json and --format ${format} are two formats`, { cure: 'give one of them', exitCode: 2 });
  }
  const members = (options.member ?? []).map((id) => memberId(id, '--member'));
  const { sum, keptSince } = await withMetrics(options, world, (api) => countedBetween(api, since, until, members));
  const table = reportTable(sum, by);
  const { terminal } = world;
  if (keptSince > since) terminal.talk(`older than ${instantText(keptSince)} nothing is kept: the report begins there`);
  const gaps = gapsOf({ ...sum, behind: 0n, unheard: [] });
  if (gaps !== '') terminal.talk(gaps);
  if (format === 'csv') for (const line of csvLines(table)) terminal.out(line);
  else if (format === 'json') {
    const { sampled, dropped, lost, all, reasons } = sum;
    const rows = table.rows.map((row) => Object.fromEntries(table.columns.map((column, at) => [jsonName(column), row[at] ?? ''])));
    terminal.out(jsonLine({ since, until, keptSince, sampled, dropped, lost, by, all, reasons, rows }));
  } else {
    const { requests, failed, refused, handshakes } = totalsOf(sum);
    terminal.out(
      `${instantText(since).slice(0, 16)} to ${instantText(until).slice(0, 16)} UTC: ${plural(requests, 'request')}, ${shareText(failed, requests)} failed, ${refused} refused by the hub, ${plural(handshakes, 'handshake')} refused`,
    );
    for (const line of shownLines(table, by, terminal)) terminal.out(line);
  }
  return 0;
}

/** Adds `report` to the command line. */
export function addReport(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('report')
    .summary('what passed: by member, pair or reason')
    .description(
      'Traffic of the past, summed up by member, by pair or by reason: as a table, CSV or JSON. To the second for the last minutes, else to the minute; beyond two days to the hour.',
    )
    .option('--since <time>', 'from when: a date, a time, or a span before now; default 24h')
    .option('--until <time>', 'until when; default now')
    .option('--by <what>', 'member, pair or reason; default member')
    .option('--member <id>', 'only this member’s; may be given several times', gathered)
    .option('--format <format>', 'table, csv or json; default table');
  withMetricsOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  guildhall report --since 24h
  guildhall report --since 2027-01-01 --until 2027-02-01 --by pair --format csv > january.csv
  guildhall report --since 1h --by reason --json | jq '.rows[] | select(.code != "")'`,
    )
    .action(async (options: ReportOptions) => ends(await report(options, world)));
}
