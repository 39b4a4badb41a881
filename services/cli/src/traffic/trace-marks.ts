import type { Mark } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { type Column, tableLines } from '../table.js';
import { terminalText, type World } from '../world.js';
import { boundedSpan, memberId } from './traffic-options.js';

interface MarkOptions extends ApiOptions {
  readonly member: string;
  readonly for?: string;
  readonly why?: string;
}

const columns: readonly Column<Mark>[] = [
  { title: 'MEMBER', text: ({ member }) => member },
  { title: 'UNTIL', text: ({ until }) => shownInstant(until) },
  { title: 'WHO', text: ({ who }) => who },
  { title: 'SINCE', text: ({ when }) => shownInstant(when) },
  { title: 'WHY', text: ({ why }) => why },
];

async function on(options: MarkOptions, world: World): Promise<number> {
  const member = memberId(options.member, '--member');
  const forMs = boundedSpan(options.for ?? '10m', '--for', { least: 60_000, most: 86_400_000, bounds: '1m to 24h' });
  const { mark } = await withHub(options, world, (api) => api.admin.markMember({ member, forMs: BigInt(forMs), why: options.why ?? '' }));
  const { terminal } = world;
  if (options.json) terminal.out(jsonLine({ mark }));
  else {
    terminal.out(
      `heads of messages of ${member} are kept until ${terminalText(shownInstant(mark?.until ?? ''), 40)}, their bodies are not`,
    );
    terminal.talk(`guildhall trace CALL-ID shows them; guildhall trace off --member ${member} ends it`);
  }
  return 0;
}

async function off(options: MarkOptions, world: World): Promise<number> {
  const member = memberId(options.member, '--member');
  const { mark } = await withHub(options, world, (api) => api.admin.unmarkMember({ member, why: options.why ?? '' }));
  if (options.json) world.terminal.out(jsonLine({ mark }));
  else world.terminal.out(`heads of messages of ${member} are kept no longer; those that were kept stay until their time is past`);
  return 0;
}

async function list(options: ApiOptions, world: World): Promise<number> {
  const { marks } = await withHub(options, world, (api) => api.admin.listMarks({}));
  const { terminal } = world;
  if (options.json) terminal.out(jsonLine({ marks }));
  else for (const line of tableLines(columns, marks, 'no member is marked', terminal)) terminal.out(line);
  return 0;
}

/** Adds on, off and list to the command `trace`. */
export function addTraceMarks(trace: Command, world: World, ends: (code: number) => void): void {
  const begin = trace
    .command('on')
    .summary('keep the heads of a member’s messages for a while')
    .description('Keeps start lines and headers of what a member sends and gets, for a while; bodies never. It is audited.')
    .requiredOption('--member <id>', 'whose messages')
    .option('--for <span>', 'how long, 1m to 24h; default 10m')
    .option('--why <text>', 'why: stands in the audit log');
  withApiOptions(begin)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall trace on --member acme --for 10m --why "ticket 812"\n  guildhall trace on --member acme --for 24h --json | jq -r .mark.until',
    )
    .action(async (options: MarkOptions) => ends(await on(options, world)));
  const end = trace
    .command('off')
    .summary('keep them no longer')
    .description('Ends what trace on began, before its time. It is audited.')
    .requiredOption('--member <id>', 'whose messages')
    .option('--why <text>', 'why: stands in the audit log');
  withApiOptions(end)
    .addHelpText('after', '\nExample:\n  guildhall trace off --member acme')
    .action(async (options: MarkOptions) => ends(await off(options, world)));
  const show = trace
    .command('list')
    .summary('whose messages’ heads are kept now')
    .description('Members whose messages’ heads are kept now, and until when.');
  withApiOptions(show)
    .addHelpText('after', '\nExample:\n  guildhall trace list --json | jq -r .marks[].member')
    .action(async (options: ApiOptions) => ends(await list(options, world)));
}
