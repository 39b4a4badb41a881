import { RecordFilter, type TailRecordsResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { Command } from 'commander';
import type { MetricsOptions } from '../api/api-access.js';
import { withMetricsOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { plural } from '../plural.js';
import { endsWith, type World } from '../world.js';
import { lasting, type OpenFeed } from './lasting.js';
import { recordLine } from './record-line.js';
import { memberId, methodFilter, statusFilter } from './traffic-options.js';
import { feedOfMetrics } from './with-metrics.js';

/** What records are wanted, as given. */
export interface FilterOptions {
  readonly member?: string;
  readonly from?: string;
  readonly to?: string;
  readonly user?: string;
  readonly method?: string;
  readonly code?: string;
  readonly status?: string;
  readonly callId?: string;
  readonly refused?: true;
}

interface TailOptions extends MetricsOptions, FilterOptions {}

/** The filter that the options describe. Throws a Fault `usage`. */
export function recordFilter(options: FilterOptions): RecordFilter {
  const member = (id: string | undefined, option: string) => (id === undefined ? '' : memberId(id, option));
  return RecordFilter.fromPartial({
    member: member(options.member, '--member'),
    from: member(options.from, '--from'),
    to: member(options.to, '--to'),
    user: options.user ?? '',
    method: options.method === undefined ? '' : methodFilter(options.method),
    code: options.code ?? '',
    status: options.status === undefined ? 0 : statusFilter(options.status, '--status'),
    callId: options.callId ?? '',
    refused: options.refused === true,
  });
}

async function tail(options: TailOptions, world: World): Promise<number> {
  const filter = recordFilter(options);
  const { terminal } = world;
  const ending = new AbortController();
  const forget = endsWith(world, ending);
  try {
    const told = {
      broke: (why: string) => terminal.talk(`guildhall: ${why}`),
      back: () => terminal.talk('guildhall: the feed is back; guildhall report tells what passed meanwhile'),
    };
    // A hub that is started again may be at another port.
    const open: OpenFeed<TailRecordsResponse> = (signal, opened) =>
      feedOfMetrics(options, world, (api) => api.tailRecords({ filter }, signal, opened));
    for await (const { records, skipped } of lasting(open, ending.signal, told)) {
      for (const record of records) terminal.out(options.json ? jsonLine({ record }) : recordLine(record, terminal.colorOut));
      if (skipped > 0n)
        terminal.talk(`${plural(Number(skipped), 'record')} left out: they come faster than they are read; narrow the filter`);
    }
  } finally {
    forget();
  }
  return 0;
}

/** Adds `tail` to the command line. */
export function addTail(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('tail')
    .summary('what passes, line by line')
    .description(
      'One line for every request that ended and every connection that was refused, as they come, until Ctrl-C. All that is given must fit.',
    )
    .option('--member <id>', 'sent by this member, or to it')
    .option('--from <id>', 'sent by this member')
    .option('--to <id>', 'to this member')
    .option('--user <address>', 'From or To, such as ada@acme.example; found too where users are kept as hashes')
    .option('--method <method>', 'such as INVITE; other: all that are not told by name')
    .option('--code <code>', 'reason the hub gave, such as denied-by-rule (guildhall reason lists them)')
    .option('--status <status>', 'final status: 404, or 4xx')
    .option('--call-id <id>', 'of this call')
    .option('--refused', 'only what the hub itself refused');
  withMetricsOptions(command)
    .addHelpText(
      'after',
      `
When the hub ends, it is asked again for two minutes; then this ends with 3.

Examples:
  guildhall tail
  guildhall tail --member acme --refused
  guildhall tail --from acme --to bolt --method INVITE --status 5xx
  guildhall tail --json | jq -r '.record | [.peer, .target, .status] | @tsv'`,
    )
    .action(async (options: TailOptions) => ends(await tail(options, world)));
}
