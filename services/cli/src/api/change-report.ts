import { Fault } from '@guildhall/chassis/fault';
import type { ChangeOrder, ChangeReport, EntryChange } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { styled, terminalText, type World } from '../world.js';
import type { ApiOptions, ChangeOptions, EntryChangeOptions } from './api-options.js';
import { jsonLine } from './plain-json.js';

const longestLine = 500;
/** Changed entries shown on a terminal; an import may have thousands. */
const mostShown = 200;

/** What stands with every change, from its options. */
export function orderOf({ why, dryRun }: ChangeOptions): ChangeOrder {
  return { why: why ?? '', dryRun: dryRun === true };
}

/** The revision a change must still find: that of --revision, else `read`, the one that was read first. Throws a Fault `usage`. */
export function expectedRevision({ revision }: EntryChangeOptions, read: bigint): bigint {
  if (revision === undefined) return read;
  return wholeNumber(revision, '--revision');
}

/** A whole number of the command line, from 0. Throws a Fault `usage`. */
export function wholeNumber(text: string, what: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new Fault('usage', `${what} ${terminalText(text, 40)} is no whole number`, { cure: 'write digits only, such as 41', exitCode: 2 });
}

function verb({ before, after }: EntryChange, dryRun: boolean): string {
  const done = before === undefined ? ['add', 'added'] : after === undefined ? ['remove', 'removed'] : ['change', 'changed'];
  return (dryRun ? `would ${done[0]}` : done[1]) ?? '';
}

/** Entries that changed or would, with what differs in each, as lines for people. */
export function changeLines(entries: readonly EntryChange[], dryRun: boolean, color: boolean): string[] {
  const lines = entries.slice(0, mostShown).flatMap((entry) => {
    const revision = entry.revision === 0n || dryRun ? '' : styled(` (revision ${entry.revision})`, 'dim', color);
    return [
      `${styled(verb(entry, dryRun), dryRun ? 'yellow' : 'green', color)} ${terminalText(entry.key, longestLine)}${revision}`,
      ...entry.lines.map((line) => `  ${terminalText(line, longestLine)}`),
    ];
  });
  if (entries.length > mostShown) lines.push(`and ${entries.length - mostShown} more (--json lists all)`);
  return lines;
}

/** Tells what a change did, or with --dry-run would do. Resolves to the exit code 0. `more` goes into the JSON besides. */
export function tellChange(
  report: ChangeReport | undefined,
  options: ChangeOptions,
  world: World,
  more: Readonly<Record<string, unknown>> = {},
): number {
  const { terminal } = world;
  const { version = 0n, entries = [], warnings = [] } = report ?? {};
  const dryRun = report?.dryRun ?? options.dryRun === true;
  if (options.json) {
    terminal.out(jsonLine({ dryRun, version, entries, warnings, ...more }));
    return 0;
  }
  for (const line of changeLines(entries, dryRun, terminal.colorOut)) terminal.out(line);
  for (const warning of warnings) {
    terminal.talk(`${styled('warning', 'yellow', terminal.colorTalk)} ${terminalText(warning, longestLine)}`);
  }
  if (entries.length === 0) terminal.out(dryRun ? 'nothing would change: it is so already' : 'nothing changed: it was so already');
  terminal.talk(dryRun ? `nothing was changed (--dry-run); membership version ${version}` : `membership version ${version}`);
  return 0;
}

/** Tells what would be done, for what has no entries of the membership. Returns the exit code 0. */
export function tellDryRun(fields: Readonly<Record<string, unknown>>, sentence: string, options: ApiOptions, world: World): number {
  const { terminal } = world;
  if (options.json) terminal.out(jsonLine({ dryRun: true, ...fields }));
  else {
    terminal.out(styled(sentence, 'yellow', terminal.colorOut));
    terminal.talk('nothing was changed (--dry-run)');
  }
  return 0;
}
