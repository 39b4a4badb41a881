import type { Revision } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import type { Command } from 'commander';
import { type ApiOptions, type ChangeOptions, withApiOptions, withChangeOptions } from '../api/api-options.js';
import { changeLines, orderOf, tellChange, wholeNumber } from '../api/change-report.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { endsWith, styled, terminalText, type World } from '../world.js';
import { type ExportOptions, exportMembership, type ImportOptions, importMembership } from './membership-file.js';

interface HistoryOptions extends ApiOptions {
  readonly limit?: string;
  readonly before?: string;
}

/** Revisions of one change stand together: by its id, or alone where it has none. */
function changesOf(revisions: readonly Revision[]): readonly (readonly Revision[])[] {
  const changes: Revision[][] = [];
  for (const revision of revisions) {
    const last = changes.at(-1);
    if (last !== undefined && revision.change !== '' && last[0]?.change === revision.change) last.push(revision);
    else changes.push([revision]);
  }
  return changes;
}

/** "version 41  2027-01-31 12:00:00Z  operator (token x): why". */
function headText({ version, who, when, why }: Pick<Revision, 'version' | 'who' | 'when' | 'why'>, color: boolean): string {
  const said = why === '' ? '' : `: ${terminalText(why, 500)}`;
  return `${styled(`version ${version}`, 'bold', color)}  ${shownInstant(terminalText(when, 40))}  ${terminalText(who, 200)}${said}`;
}

function changeText(revisions: readonly Revision[], color: boolean): string[] {
  const [newest] = revisions;
  if (newest === undefined) return [];
  const entries = revisions.flatMap(({ key, kind, lines }) => [
    `  ${kind === 'delete' ? styled('removed', 'red', color) : styled('wrote', 'green', color)} ${terminalText(key, 200)}`,
    ...lines.map((line) => `    ${terminalText(line, 500)}`),
  ]);
  return [headText(newest, color), ...entries];
}

async function history(key: string | undefined, options: HistoryOptions, world: World): Promise<number> {
  const { terminal } = world;
  const request = {
    key: key ?? '',
    before: options.before === undefined ? 0n : wholeNumber(options.before, '--before'),
    limit: options.limit === undefined ? 20 : Number(wholeNumber(options.limit, '--limit')),
  };
  const { revisions, oldest, next } = await withHub(options, world, (api) => api.membership.listHistory(request));
  if (options.json) {
    terminal.out(jsonLine({ revisions, oldest, next }));
    return 0;
  }
  for (const change of changesOf(revisions)) for (const line of changeText(change, terminal.colorOut)) terminal.out(line);
  if (revisions.length === 0) terminal.out('no changes');
  if (next > 0n) terminal.talk(`older ones: --before ${next}`);
  terminal.talk(`the oldest version that can be shown and rolled back to is ${oldest}`);
  return 0;
}

async function diff(from: string, to: string | undefined, options: ApiOptions, world: World): Promise<number> {
  const { terminal } = world;
  const request = { from: wholeNumber(from, 'FROM'), to: to === undefined ? 0n : wholeNumber(to, 'TO') };
  const answer = await withHub(options, world, (api) => api.membership.diffMembership(request));
  if (options.json) {
    terminal.out(jsonLine({ ...answer }));
    return 0;
  }
  for (const line of changeLines(answer.entries, false, terminal.colorOut)) terminal.out(line);
  if (answer.entries.length === 0) terminal.out('no difference');
  terminal.talk(`from version ${answer.from} to ${answer.to}`);
  return 0;
}

async function rollBack(version: string, options: ChangeOptions, world: World): Promise<number> {
  const request = { order: orderOf(options), version: wholeNumber(version, 'VERSION') };
  const { report } = await withHub(options, world, (api) => api.membership.rollBack(request));
  return tellChange(report, options, world);
}

/** Prints each change until the hub or the user ends it. */
async function watch(options: ApiOptions, world: World): Promise<number> {
  const { terminal } = world;
  const ending = new AbortController();
  const forget = endsWith(world, ending);
  try {
    await withHub(options, world, async (api) => {
      for await (const { version, entries } of api.membership.watchMembership({}, ending.signal)) {
        if (entries.length === 0) {
          if (options.json) terminal.out(jsonLine({ version, entries }));
          else terminal.talk(`watching from version ${version} on; Ctrl-C ends it`);
          continue;
        }
        // Of an entry that is gone, nothing in it tells who removed it: the history does.
        const { revisions } = await api.membership.listHistory({ key: '', before: version + 1n, limit: 1 });
        const { who = '', when = '', why = '', change = '' } = revisions[0] ?? {};
        if (options.json) terminal.out(jsonLine({ version, who, when, why, change, entries }));
        else {
          terminal.out(headText({ version, who, when, why }, terminal.colorOut));
          for (const line of changeLines(entries, false, terminal.colorOut)) terminal.out(`  ${line}`);
        }
      }
    });
  } finally {
    forget();
  }
  if (!ending.signal.aborted) terminal.talk('the hub ended the watch');
  return ending.signal.aborted ? 0 : 1;
}

/** Adds the noun `membership` to the command line. */
export function addMembershipVerbs(program: Command, world: World, ends: (code: number) => void): void {
  const membership = program
    .command('membership')
    .summary('the whole community: history, export, rollback')
    .description('The whole community as data: every change is one version, with who, when and why.');
  const looking = membership
    .command('history')
    .summary('who changed what, when and why')
    .description('Shows who changed what, when and why, newest first.')
    .argument('[key]', 'only of this entry, such as member.acme, or of a kind: member, agreement, rule, community')
    .option('--limit <n>', 'at most so many; default: 20')
    .option('--before <version>', 'only what is older');
  withApiOptions(looking)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall membership history\n  guildhall membership history member.acme --limit 5\n  guildhall membership history rule --json',
    )
    .action(async (key: string | undefined, options: HistoryOptions) => ends(await history(key, options, world)));
  const comparing = membership
    .command('diff')
    .summary('what differs between two versions')
    .description('Shows what differs between two versions.')
    .argument('<from>', 'a version')
    .argument('[to]', 'another; default: the one in force');
  withApiOptions(comparing)
    .addHelpText('after', '\nExamples:\n  guildhall membership diff 41\n  guildhall membership diff 41 57 --json')
    .action(async (from: string, to: string | undefined, options: ApiOptions) => ends(await diff(from, to, options, world)));
  const rolling = membership
    .command('rollback')
    .summary('say again what a version said')
    .description('Makes the membership say again what it said at a version. That is a change like any other, and can be rolled back too.')
    .argument('<version>', 'the version');
  withChangeOptions(rolling)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall membership rollback 41 --dry-run\n  guildhall membership rollback 41 --why "the import was wrong"',
    )
    .action(async (version: string, options: ChangeOptions) => ends(await rollBack(version, options, world)));
  const exporting = membership
    .command('export')
    .summary('the community as its file')
    .description('Writes the whole community as a community file, certificates inline.')
    .option('--out <file>', 'into this file instead of stdout')
    .option('--at-version <version>', 'as it was at a version; default: the one in force');
  withApiOptions(exporting)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall membership export --out community.yaml\n  guildhall membership export --at-version 41 | less',
    )
    .action(async (options: ExportOptions) => ends(await exportMembership(options, world)));
  const importing = membership
    .command('import')
    .summary('say what a community file says')
    .description(
      'Makes the membership say what a community file says: what the file lacks is removed. Certificates it names by path are read and sent along.',
    )
    .argument('<file>', 'the community file (YAML)')
    .option('--expected-version <version>', 'only if the version in force is still this one, such as that of the export');
  withChangeOptions(importing)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall membership import community.yaml --dry-run\n  guildhall membership import community.yaml --expected-version 57 --why "spring cleaning"',
    )
    .action(async (file: string, options: ImportOptions) => ends(await importMembership(file, options, world)));
  withApiOptions(
    membership.command('watch').summary('every change as it comes').description('Prints every change as it comes, until Ctrl-C.'),
  )
    .addHelpText('after', '\nExamples:\n  guildhall membership watch\n  guildhall membership watch --json | jq .version')
    .action(async (options: ApiOptions) => ends(await watch(options, world)));
}
