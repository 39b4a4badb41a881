import type { Candidate, Place, RunningHub } from './candidate.js';
import { answererDomain, type Credentials } from './credentials.js';
import { type LoadChild, startLoadChild } from './load-child.js';
import type { Pattern } from './options.js';
import type { Row } from './report.js';
import type { LoadResult } from './tally.js';
import { cpuPerTransaction, usageBelow } from './usage.js';

/** What to measure of one hub, and whom to tell. */
export interface Measuring {
  readonly credentials: Credentials;
  readonly patterns: readonly Pattern[];
  readonly count: number;
  readonly round: number;
  readonly signal: AbortSignal;
  /** Takes lines of progress. */
  say(line: string): void;
  /** Goes around each measured run, when the hub is warm. */
  readonly around: Around | undefined;
}

/** Does something about a hub while `run` runs, and gives back its result. */
export type Around = (hub: RunningHub, pattern: Pattern, run: () => Promise<LoadResult>) => Promise<LoadResult>;

/** Milliseconds without any answer after which the rest of a run counts as lost. */
const patience = 10_000;
/** Most transactions spent on warming up before a run: compilers have seen the hot path by then. */
const longestWarmUp = 20_000;

/** Starts a hub between the load's two ends, puts every pattern through it and ends it again. Rejects when it does not start. */
export async function measureCandidate(candidate: Candidate, measuring: Measuring): Promise<readonly Row[]> {
  const { credentials, signal, say } = measuring;
  const answerer = startLoadChild();
  try {
    const { port: sink } = await answerer.order({ kind: 'listen', port: 0, identity: credentials.answerer }, 'listening');
    const place: Place = { credentials, sink, signal };
    const hub = await candidate.start(place);
    try {
      const rows: Row[] = [];
      for (const pattern of measuring.patterns) {
        signal.throwIfAborted();
        const row = await measurePattern(candidate.name, hub, answerer, pattern, measuring);
        rows.push(row);
        const cpu = `${row.cpu.toFixed(1)} us/tx`;
        say(
          `  ${candidate.name} ${pattern.name}: ${row.perSecond.toFixed(0)} tx/s, ${cpu}, p99 ${row.p99.toFixed(1)} ms, ${row.failed} failed`,
        );
      }
      return rows;
    } finally {
      await hub.stop();
    }
  } finally {
    answerer.close();
  }
}

async function measurePattern(name: string, hub: RunningHub, answerer: LoadChild, pattern: Pattern, measuring: Measuring): Promise<Row> {
  const { credentials, count, round } = measuring;
  const { connections, window, rate } = pattern;
  const sender = startLoadChild();
  const stopped = (): void => sender.close();
  measuring.signal.addEventListener('abort', stopped, { once: true });
  try {
    const identity = credentials.sender;
    await sender.order(
      { kind: 'connect', port: hub.port, serverName: hub.serverName, identity, peer: answererDomain, connections },
      'connected',
    );
    const run = async (transactions: number): Promise<LoadResult> =>
      (await sender.order({ kind: 'run', load: { connections, window, rate, count: transactions, patience } }, 'result')).result;
    await run(Math.min(count, longestWarmUp));

    const delivered = (await answerer.order({ kind: 'requests' }, 'requests')).requests;
    const look = () => ({ hub: usageBelow(hub.pid), sender: usageBelow(sender.pid), answerer: usageBelow(answerer.pid) });
    const before = look();
    const result = await (measuring.around === undefined ? run(count) : measuring.around(hub, pattern, () => run(count)));
    const after = look();
    const arrived = (await answerer.order({ kind: 'requests' }, 'requests')).requests - delivered;
    await sender.order({ kind: 'disconnect' }, 'disconnected');

    const cpu = cpuPerTransaction(before.hub, after.hub, count);
    return {
      hub: name,
      pattern: pattern.name,
      round,
      transactions: count,
      perSecond: result.seconds === 0 ? 0 : (count - result.lost) / result.seconds,
      cpu: cpu.total,
      cpuParts: cpu.parts,
      p50: result.p50,
      p99: result.p99,
      longest: result.longest,
      failed: result.refused + result.lost + result.stray,
      memory: after.hub.memory,
      sender: cpuPerTransaction(before.sender, after.sender, count).total,
      answerer: cpuPerTransaction(before.answerer, after.answerer, count).total,
      troubles: [...troubles(result, arrived, hub), ...((await hub.complaints?.(count)) ?? [])],
    };
  } finally {
    measuring.signal.removeEventListener('abort', stopped);
    sender.close();
  }
}

function troubles(result: LoadResult, arrived: number, hub: RunningHub): readonly string[] {
  const found = [...result.troubles];
  if (result.refused > 0) found.push(`answered ${JSON.stringify(result.statuses)}`);
  if (result.lost > 0) found.push(`${result.lost} unanswered`);
  if (result.stray > 0) found.push(`${result.stray} answers too many`);
  if (arrived !== result.count) found.push(`${arrived} requests reached the other member, ${result.count} were sent`);
  if (result.ok < result.count) found.push(`its last words: ${hub.output()}`);
  return found;
}
