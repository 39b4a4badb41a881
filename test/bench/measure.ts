import type { Candidate, RunningHub } from './candidate.js';
import { answererDomain, type Credentials, senderDomain } from './credentials.js';
import { type LoadChild, startLoadChild } from './load-child.js';
import type { Answer } from './load-protocol.js';
import { beginnings, type Pattern, transactionsOf, unitOf } from './patterns.js';
import { memberDomain } from './request-template.js';
import type { Row } from './rows.js';
import { groups } from './statistics.js';
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
  /** Takes why there is no row of a pattern: then the next one gets a hub of its own. Where nobody takes it, that ends everything. */
  readonly lost?: ((pattern: Pattern, why: string) => void) | undefined;
}

/** Does something about a hub while `run` runs, and gives back its result. */
export type Around = (hub: RunningHub, pattern: Pattern, run: () => Promise<LoadResult>) => Promise<LoadResult>;

/** Milliseconds without any answer after which the rest of a run counts as lost. */
const patience = 10_000;
/** Most transactions spent on warming up before a run: compilers have seen the hot path by then. */
const longestWarmUp = 20_000;
/** The same for a hub that has been measured before. */
const shortWarmUp = 1_000;

/** Starts a hub between the load's two ends, puts every pattern through it and ends it again. Rejects when it does not start. */
export async function measureCandidate(candidate: Candidate, measuring: Measuring): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const { signal, lost, round } = measuring;
  // A larger community is a hub's of its own: its members are not to weigh on the other patterns.
  for (const patterns of groups(measuring.patterns, (pattern) => `${othersOf(pattern)} ${candidate.apart?.(pattern) ?? ''}`)) {
    let bench: Bench | undefined;
    try {
      for (const pattern of patterns) {
        try {
          bench ??= await openBench(candidate, { ...measuring, patterns });
          rows.push(await bench.measure(pattern, round, longestWarmUp));
        } catch (error) {
          if (lost === undefined || signal.aborted) throw error;
          lost(pattern, error instanceof Error ? error.message : String(error));
          await bench?.close();
          bench = undefined;
        }
      }
    } finally {
      await bench?.close();
    }
  }
  return rows;
}

/** One of two hubs that are compared, with its load. */
export interface Compared extends Pick<Measuring, 'patterns' | 'around'> {
  readonly candidate: Candidate;
}

/**
 * Starts all hubs, and puts every pattern through them in turn, round after round: what else happens on the machine, and how long each has run, is then the
 * same for all. The patterns of all have their places in common.
 */
export async function measureInTurn(
  all: readonly Compared[],
  rounds: number,
  measuring: Omit<Measuring, 'patterns' | 'around' | 'round'>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const benches: Bench[] = [];
  try {
    for (const { candidate, ...own } of all) benches.push(await openBench(candidate, { ...measuring, ...own }));
    for (const place of (all[0]?.patterns ?? []).keys()) {
      for (let round = 1; round <= rounds; round += 1) {
        measuring.say(`round ${round} of ${rounds}`);
        const order = round % 2 === 0 ? [...all.keys()].reverse() : [...all.keys()];
        for (const index of order) {
          const pattern = all[index]?.patterns[place];
          const bench = benches[index];
          if (pattern !== undefined && bench !== undefined)
            rows.push(await bench.measure(pattern, round, round === 1 ? longestWarmUp : shortWarmUp));
        }
      }
    }
    return rows;
  } finally {
    for (const bench of benches) await bench.close();
  }
}

/** How many members a pattern needs besides the two. */
function othersOf(pattern: Pattern): number {
  return pattern.kind === 'fan-out' ? pattern.members : 0;
}

/** The load's two ends: the member that begins everything and the one that answers, both with listeners. */
interface Ends {
  readonly sender: LoadChild;
  readonly answerer: LoadChild;
}

/** A hub that runs between the load's two ends. */
interface Bench {
  measure(pattern: Pattern, round: number, warmUp: number): Promise<Row>;
  close(): Promise<void>;
}

async function openBench(candidate: Candidate, measuring: Omit<Measuring, 'round'>): Promise<Bench> {
  const { credentials, signal, say } = measuring;
  const [sender, answerer] = [startLoadChild(), startLoadChild()];
  const abandon = (): void => sender.close();
  signal.addEventListener('abort', abandon, { once: true });
  const leave = (): void => {
    signal.removeEventListener('abort', abandon);
    sender.close();
    answerer.close();
  };
  try {
    const domains = Array.from({ length: Math.max(...measuring.patterns.map(othersOf)) }, (_, index) => memberDomain(index));
    const identities = await Promise.all(domains.map((domain) => credentials.member(domain)));
    const listening = await answerer.order({ kind: 'listen', port: 0, identity: credentials.answerer, others: identities }, 'listening');
    const { port: source } = await sender.order({ kind: 'listen', port: 0, identity: credentials.sender }, 'listening');
    const others = listening.others.map((port, index) => ({ domain: domains[index] ?? '', port }));
    const connections = Math.max(...measuring.patterns.map((pattern) => pattern.connections));
    const hub = await candidate.start({ credentials, sink: listening.port, source, others, connections, signal });
    return {
      async measure(pattern, round, warmUp) {
        signal.throwIfAborted();
        const row = await measurePattern(candidate.name, hub, { sender, answerer }, pattern, { ...measuring, round, warmUp }).catch(
          (error: unknown) => {
            const why = error instanceof Error ? error.message : String(error);
            throw new Error(`${why}; the last words of ${candidate.name}: ${hub.output()}`, { cause: error });
          },
        );
        const rate = `${row.perSecond.toFixed(0)} ${row.unit}/s, ${row.cpu.toFixed(1)} us CPU each`;
        say(`  ${candidate.name} ${pattern.name}: ${rate}, p99 ${row.p99.toFixed(1)} ms, ${row.failed} failed`);
        return row;
      },
      async close() {
        leave();
        await hub.stop();
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}

async function measurePattern(
  name: string,
  hub: RunningHub,
  { sender, answerer }: Ends,
  pattern: Pattern,
  measuring: Measuring & { readonly warmUp: number },
): Promise<Row> {
  const { credentials, round } = measuring;
  const { connections, window, rate } = pattern;
  const load = { connections, window, rate, patience };
  const { port, serverName, further = [] } = hub;
  await sender.order(
    { kind: 'connect', port, further, serverName, identity: credentials.sender, peer: answererDomain, connections, pattern },
    'connected',
  );
  if (pattern.kind === 'presence') {
    const back = { ...(hub.back ?? { port, further, serverName }), identity: credentials.answerer, peer: senderDomain };
    await answerer.order({ kind: 'notify', ...back, connections }, 'connected');
  }
  const alive = (): void => {
    if (hub.died?.() === true) throw new Error('it died');
  };
  alive();
  const run = async (count: number): Promise<LoadResult> =>
    (await sender.order({ kind: 'run', load: { ...load, count } }, 'result')).result;
  const began = beginnings(pattern, measuring.count);
  // Of many members each has been dialled before.
  const everyMember = pattern.kind === 'fan-out' ? pattern.members * pattern.run : 0;
  const warmUp = Math.max(everyMember, Math.min(began, measuring.warmUp));
  const idle = await answerer.order({ kind: 'requests' }, 'requests');
  await run(warmUp);
  alive();

  const delivered = await settled(answerer, pattern, idle, warmUp);
  const look = () => ({ hub: usageBelow(hub.pids ?? hub.pid), sender: usageBelow(sender.pid), answerer: usageBelow(answerer.pid) });
  const before = look();
  const result = await (measuring.around === undefined ? run(began) : measuring.around(hub, pattern, () => run(began)));
  const after = look();
  // What a hub did until it died is no figure of it.
  alive();
  const arrived = gotSince(delivered, await settled(answerer, pattern, delivered, began));
  await sender.order({ kind: 'disconnect' }, 'disconnected');
  await answerer.order({ kind: 'disconnect' }, 'disconnected');

  const transactions = transactionsOf(pattern, began);
  const unit = unitOf(pattern);
  const [counted, each] = unit === 'calls' ? [began, 1] : [transactions, transactions / began];
  const cpu = cpuPerTransaction(before.hub, after.hub, counted);
  return {
    hub: name,
    pattern: pattern.name,
    round,
    ...(hub.how === undefined ? {} : { how: hub.how }),
    unit,
    transactions: counted,
    perSecond: result.seconds === 0 ? 0 : ((began - result.lost) * each) / result.seconds,
    cpu: cpu.total,
    cpuParts: cpu.parts,
    p50: result.p50,
    p99: result.p99,
    longest: result.longest,
    failed: result.refused + result.lost + result.stray,
    memory: after.hub.memory,
    memoryParts: Object.fromEntries(after.hub.memoryParts),
    batch: (arrived.requests + arrived.acknowledged) / Math.max(1, arrived.reads),
    sender: cpuPerTransaction(before.sender, after.sender, counted).total,
    answerer: cpuPerTransaction(before.answerer, after.answerer, counted).total,
    troubles: [...troubles(result, arrived, pattern, hub), ...((await hub.complaints?.(transactions)) ?? [])],
  };
}

type Arrived = Omit<Extract<Answer, { kind: 'requests' }>, 'kind'>;

/** What is still under way when the last answer has come, the ACK before a BYE that overtook it or the answer to a NOTIFY, gets this, ms. */
const settling = 1_000;

/** What the answering member got, once nothing is missing any more. */
async function settled(answerer: LoadChild, pattern: Pattern, before: Arrived, began: number): Promise<Arrived> {
  const deadline = performance.now() + settling;
  for (;;) {
    const now = await answerer.order({ kind: 'requests' }, 'requests');
    if (missing(gotSince(before, now), pattern, began) === undefined || performance.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function gotSince(before: Arrived, now: Arrived): Arrived {
  return {
    requests: now.requests - before.requests,
    acknowledged: now.acknowledged - before.acknowledged,
    reads: now.reads - before.reads,
    notified: now.notified - before.notified,
    troubles: now.troubles,
  };
}

/** What did not reach the other member as often as it was sent. */
function missing({ requests, acknowledged, notified }: Arrived, { kind }: Pattern, began: number): string | undefined {
  const sent = kind === 'calls' ? 2 * began : began;
  if (requests !== sent) return `${requests} requests reached the other member, ${sent} were sent`;
  if (kind === 'calls' && acknowledged !== began) return `${acknowledged} ACKs reached the other member, ${began} were sent`;
  if (kind === 'presence' && notified !== began) return `${notified} NOTIFYs were answered with 200, ${began} were sent`;
  return undefined;
}

function troubles(result: LoadResult, arrived: Arrived, pattern: Pattern, hub: RunningHub): readonly string[] {
  const found = [...result.troubles, ...arrived.troubles];
  if (result.refused > 0) found.push(`answered ${JSON.stringify(result.statuses)}`);
  if (result.lost > 0) found.push(`${result.lost} unanswered`);
  if (result.stray > 0) found.push(`${result.stray} answers too many`);
  const lacking = missing(arrived, pattern, result.count);
  if (lacking !== undefined) found.push(lacking);
  if (result.ok < result.count) found.push(`its last words: ${hub.output()}`);
  return found;
}
