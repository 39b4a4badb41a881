import type { HubSettings } from '../stage/hub.js';
import { type Account, balance, memberOf } from './ledger.js';
import { readMemory } from './memory.js';
import { moment, pause } from './moment.js';
import type { Party } from './party.js';
import type { Books } from './party-protocol.js';
import { type Demands, judge } from './promise.js';
import type { RowResult, Stage } from './row.js';
import { hubDomain, openTopology, type Topology, type TopologyPart } from './topology.js';

/** A fault under load, for `playFault`. */
export interface Fault {
  readonly topology?: TopologyPart;
  /** Transactions a second over all senders when the command line says nothing; default 1,000. */
  readonly rate?: number;
  /** Seconds of traffic before the fault, warm-up included, when the command line says nothing; default 7. */
  readonly calm?: number;
  /** Seconds of traffic from the fault on when the command line says nothing; default 10. */
  readonly seconds?: number;
  /** Whether the fault is this pair's own trouble; default nobody's: then all pairs are held to what others may expect. Ids. */
  readonly concerns?: (from: string, to: string) => boolean;
  /** Before traffic: what the fault needs. */
  prepare?(ground: Ground): Promise<void>;
  /** More traffic, begun when that of the senders runs: resolves to who sends. `rate` is that of the senders together. */
  join?(ground: Ground, rate: number): Promise<readonly Party[]>;
  /** Makes the fault. Traffic goes on meanwhile, and until it resolves. */
  strike(ground: Ground): Promise<void>;
  /** Given to `judge`; a function where they hang on what happened. */
  readonly demands: Demands | ((account: Account, ground: Ground) => Demands);
  /** Looks at the hub when all is answered, before it ends: sentences of what else broke. */
  inspect?(ground: Ground, account: Account): Promise<readonly string[]>;
}

/** What a fault is made on. */
export interface Ground extends Topology {
  readonly stage: Stage;
  /** When the fault began, of moment.ts. */
  faultAt(): number;
  /** The fault begins now, where that is not when `strike` was called. */
  struck(): void;
  /** A line under the row. */
  note(line: string): void;
}

/** Of the calm: compilers have seen the hot path by then. */
const warmUpShare = 0.4;
const smallestRate = 50;
/** Longest wait for the last answers: a little more than their senders would wait. */
const patienceMs = 40_000;
/** After the last answer, for answers too many. */
const graceMs = 1_000;
/** What took longer was not normal. */
const slowMs = 1_000;
/** A party that says nothing for so long stands still. */
const bookPatienceMs = 10_000;

/** Opens a topology, lets traffic run, strikes, waits for every answer, balances the books and judges. */
export async function playFault(stage: Stage, fault: Fault): Promise<RowResult> {
  const { options, signal, say } = stage;
  const rate = Math.max(smallestRate, options.rate ?? fault.rate ?? 1_000);
  const seconds = options.seconds ?? fault.seconds ?? 10;
  const calm = options.calm ?? fault.calm ?? 7;
  const members = options.members ?? fault.topology?.members;
  const settings = bothSettings(fault.topology?.settings ?? {}, options.settings ?? {});
  const topology = await openTopology({ ...fault.topology, settings, ...(members === undefined ? {} : { members }) });
  const notes: string[] = [];
  let faultAt = 0;
  const ground: Ground = {
    ...topology,
    stage,
    faultAt: () => faultAt,
    struck: () => {
      faultAt = moment();
    },
    note: (line) => void notes.push(line),
  };
  try {
    await fault.prepare?.(ground);
    const senders = [...(await startTraffic(topology, rate)), ...((await fault.join?.(ground, rate)) ?? [])];
    await pause(calm * warmUpShare * 1000);
    const since = moment();
    await pause(calm * (1 - warmUpShare) * 1000);
    signal.throwIfAborted();
    const before = readMemory(topology.processes());
    say(`  ${rate} tx/s run; now the fault`);
    faultAt = moment();
    await Promise.all([fault.strike(ground), pause(seconds * 1000)]);
    const endAt = moment();
    signal.throwIfAborted();
    say('  the last answers');
    await Promise.all(senders.map((sender) => sender.settle(patienceMs)));
    await pause(graceMs);
    const after = readMemory(topology.processes());
    const { books, blanks } = await collect(topology, faultAt);
    const concerns = fault.concerns ?? (() => false);
    const account = balance({ books, blanks, since, faultAt, endAt, slow: slowMs, concerns });
    const demands = typeof fault.demands === 'function' ? fault.demands(account, ground) : fault.demands;
    const broken = [...judge(account, demands), ...((await fault.inspect?.(ground, account)) ?? [])];
    return { verdict: broken.length === 0 ? 'kept' : 'broken', broken, notes, account, memory: { before, after } };
  } finally {
    await topology.close();
  }
}

function bothSettings(one: HubSettings, other: HubSettings): HubSettings {
  return {
    policy: { ...one.policy, ...other.policy },
    ingress: { ...one.ingress, ...other.ingress },
    relay: { ...one.relay, ...other.relay },
    console: { ...one.console, ...other.console },
  };
}

/** Connects the senders and lets them send: each to every receiver, the bystander to the other. Gives who sends. */
export async function startTraffic(topology: Topology, rate: number): Promise<readonly Party[]> {
  const { bystanders, receivers, ports, each, party } = topology;
  const [from, to] = bystanders;
  const plans = [...topology.senders.map((id) => ({ id, peers: receivers })), { id: from, peers: [to] }];
  const parties = plans.map(({ id }) => party(id));
  for (const sender of parties) await sender.dial(ports, hubDomain, each);
  for (const { id, peers } of plans)
    await party(id).send(
      peers.map((peer) => party(peer).domain),
      rate / plans.length,
    );
  return parties;
}

/** Everybody's books. Whose process died or stands still has none; who was started anew after the fault has only the end of them. */
export async function collect(topology: Topology, faultAt: number): Promise<{ books: readonly Books[]; blanks: ReadonlySet<string> }> {
  const books: Books[] = [];
  const blanks = new Set(topology.parties.keys());
  for (const one of topology.parties.values()) {
    const own = await Promise.race([one.books().catch(() => undefined), pause(bookPatienceMs)]);
    if (own === undefined) continue;
    books.push(own);
    if (own.since < faultAt) blanks.delete(memberOf(own.domain));
  }
  return { books, blanks };
}
