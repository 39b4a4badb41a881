import type { TurnedAwayConnection } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import type { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api/api-options.js';
import { wholeNumber } from '../api/change-report.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { shownInstant } from '../instant-text.js';
import { type Column, factLines, tableLines } from '../table.js';
import { styled, terminalText, type World } from '../world.js';

interface RefusalOptions extends ApiOptions {
  readonly member?: string;
  readonly source?: string;
  readonly limit?: string;
  readonly details?: true;
}

const columns: readonly Column<TurnedAwayConnection>[] = [
  { title: 'WHEN', text: ({ when }) => shownInstant(when) },
  { title: 'REASON', text: ({ reason }) => reason, style: () => 'red' },
  { title: 'MEMBER', text: ({ member }) => (member === '' ? '?' : member) },
  { title: 'SOURCE', text: ({ source }) => source },
  { title: 'NAMES', text: ({ names, subject }) => (names.length === 0 ? subject : names.join(' ')) },
  { title: 'DETAIL', text: ({ detail }) => detail },
];

/** Everything that is known of one refusal, with what to do about it. */
function refusalLines(one: TurnedAwayConnection, color: boolean): string[] {
  return [
    `${styled(terminalText(one.reason, 60), 'red', color)}  ${terminalText(one.about, 400)}`,
    ...factLines(
      [
        ['cure', one.cure],
        ['detail', one.detail],
        ['when', shownInstant(one.when)],
        ['member', one.member],
        ['source', one.source],
        ['subject', one.subject],
        ['issuer', one.issuer],
        ['names', one.names.join(' ')],
        ['usages', one.usages.join(' ')],
        ['until', shownInstant(one.validUntil)],
        ['key', one.spki],
        ['seen by', one.instance],
      ],
      color,
    ),
  ];
}

async function refusals(options: RefusalOptions, world: World): Promise<number> {
  const { member = '', source = '' } = options;
  const limit = options.limit === undefined ? 0 : Number(wholeNumber(options.limit, '--limit'));
  const { connections } = await withHub(options, world, (api) => api.admin.listTurnedAway({ member, source, limit }));
  const { terminal } = world;
  if (options.json) terminal.out(jsonLine({ connections }));
  else if (options.details) for (const one of connections) for (const line of refusalLines(one, terminal.colorOut)) terminal.out(line);
  else for (const line of tableLines(columns, connections, 'nobody was turned away lately', terminal)) terminal.out(line);
  return 0;
}

/** Adds `refusals` to the command line. */
export function addRefusals(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('refusals')
    .summary('whom the hub turned away, and why')
    .description(
      'Handshakes that the hub refused and connections that it put out lately, newest first: with what the certificate said and what to do about it.',
    )
    .option('--member <id>', 'only those under this member’s name')
    .option('--source <address[:port]>', 'only those from there')
    .option('--limit <n>', 'at most so many; default 100')
    .option('--details', 'everything that is known of each');
  withApiOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  guildhall refusals --member acme --details\n  guildhall refusals --source 192.0.2.7 --json | jq .connections[].reason',
    )
    .action(async (options: RefusalOptions) => ends(await refusals(options, world)));
}
