import { Fault } from '@guildhall/chassis/fault';
import type { GetCallResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { RoutingRecord } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import type { Command } from 'commander';
import type { MetricsOptions } from '../api/api-access.js';
import { withMetricsOptions } from '../api/api-options.js';
import { jsonLine } from '../api/plain-json.js';
import { withHub } from '../api/with-hub.js';
import { terminalText, type World } from '../world.js';
import { type Call, callLines } from './call-ladder.js';
import { addTraceMarks } from './trace-marks.js';
import { pastInstant } from './traffic-options.js';
import { withMetrics } from './with-metrics.js';

interface TraceOptions extends MetricsOptions {
  readonly hub?: string;
  readonly since?: string;
}

/** Call-IDs are kept up to here. */
const longestCallId = 256;

/** How a request like this one would be decided now; undefined where the API that tells cannot be asked. */
async function decisionPath(record: RoutingRecord, options: TraceOptions, world: World): Promise<Call['path']> {
  const from = record.peer || record.fromDomain;
  const to = record.toDomain || record.target;
  const elsewhere = options.metrics !== undefined && options.hub === undefined;
  if (elsewhere || from === '' || to === '' || record.kind === 'refused-handshake') return undefined;
  const { metrics: _metrics, ...whom } = options;
  const { method, event } = record;
  try {
    const { steps, sentence } = await withHub(whom, world, (api) =>
      api.admin.explain({ from, to, method, event, version: 0n, media: [], bodyType: '', bodyBytes: 0n, at: '' }),
    );
    return { steps, sentence };
  } catch (thrown) {
    // It is an extra: what was recorded is told all the same.
    if (!(thrown instanceof Fault)) throw thrown;
    world.terminal.talk(`the decision path is left out: ${thrown.message}`);
    return undefined;
  }
}

/** A hub says that there is no such call, an older one that there is nothing of it. */
function nothing(thrown: unknown): GetCallResponse {
  if (thrown instanceof Fault && thrown.code === 'not-found') return { records: [], messages: [], more: false };
  throw thrown;
}

async function trace(callId: string, options: TraceOptions, world: World): Promise<number> {
  if (callId.length > longestCallId) {
    throw new Fault('usage', 'a Call-ID of more than 256 characters is recorded cut', {
      cure: 'give its first 256 characters',
      exitCode: 2,
    });
  }
  const since = options.since === undefined ? 0n : pastInstant(options.since, '--since', world.now());
  const { records, messages, more } = await withMetrics(options, world, (api) => api.getCall({ callId, since })).catch(nothing);
  const { terminal } = world;
  if (records.length === 0 && messages.length === 0) {
    throw new Fault('no-such-call', `nothing is recorded of the Call-ID ${terminalText(callId, 300)}`, {
      cure: 'look further back with --since 7d; guildhall tail shows Call-IDs as they come',
    });
  }
  const first = records.find(({ inDialog }) => !inDialog) ?? records[0];
  const path = first === undefined ? undefined : await decisionPath(first, options, world);
  if (options.json) terminal.out(jsonLine({ records, messages, more, ...(path === undefined ? {} : { path }) }));
  else for (const line of callLines({ records, messages, path }, terminal.colorOut)) terminal.out(line);
  if (more && !options.json) terminal.talk('there is more of this call than is told at once');
  return 0;
}

/** Adds `trace` and its verbs to the command line. */
export function addTrace(program: Command, world: World, ends: (code: number) => void): void {
  const command = program
    .command('trace')
    .summary('the way of one call through the hub; keep heads for a while')
    .description(
      'Everything that is recorded of one Call-ID: who sent it, which rule decided, where it went, how long each part took, and why it was answered as it was. With heads of messages where they were kept (trace on).',
    )
    // What stands behind on, off or list belongs to those.
    .enablePositionalOptions()
    .argument('[call-id]', 'the whole Call-ID')
    .option('--since <time>', 'how far back: a date, a time or a span such as 7d; default a day')
    .option('--hub <host:port>', 'with --metrics: the API that explains the decision');
  withMetricsOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  guildhall trace 3848276298220188511@ua.acme.example
  guildhall trace on --member acme --for 10m
  guildhall trace 3848276298220188511@ua.acme.example --since 7d --json | jq '.records[].total'`,
    )
    .action(async (callId: string | undefined, options: TraceOptions) => {
      if (callId === undefined || callId === '') {
        throw new Fault('usage', 'which call?', {
          cure: 'give a Call-ID, or one of on, off and list; guildhall tail shows Call-IDs',
          exitCode: 2,
        });
      }
      ends(await trace(callId, options, world));
    });
  addTraceMarks(command, world, ends);
}
