import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type Flow, type Play, playOf } from './flow.js';
import { type Goal, openConnections } from './lanes.js';
import type { Identity } from './load-protocol.js';
import type { Pattern } from './patterns.js';
import { scanResponses } from './response-scan.js';
import { createTally, type LoadResult, type Tally } from './tally.js';

/** One run of load. */
export interface Load {
  readonly connections: number;
  /** Requests (calls, subscriptions) in flight per connection (closed loop); with `rate` the bound on them. */
  readonly window: number;
  /** Requests (calls, subscriptions) in all. */
  readonly count: number;
  /** Of them a second over all connections (open loop: latency counts from the planned moment); 0: closed loop. */
  readonly rate: number;
  /** Milliseconds without any answer after which the rest counts as lost. */
  readonly patience: number;
}

/** A member's proxy that sends. */
export interface Sender {
  /** Sends one load over the open connections and resolves with what came of it. */
  run(load: Load): Promise<LoadResult>;
  /** A NOTIFY of this number came in elsewhere. */
  notified(number: number): void;
  close(): void;
}

interface Lane {
  readonly index: number;
  readonly socket: TLSSocket;
  rest: string;
  inFlight: number;
  /** Requests to be sent at the end of this turn. */
  owed: number;
  /** What follows upon answers of this turn. */
  due: Buffer[];
  /** Whether it stands among those to be written to at the end of this turn. */
  waits: boolean;
  /** Who listens while a load runs. */
  listener: LaneListener | undefined;
}

interface LaneListener {
  data(lane: Lane, chunk: Buffer): void;
  trouble(words: string): void;
}

/**
 * Opens `connections` connections to a hub as the member `identity` names, for load of `pattern` (default MESSAGEs) to the member with the
 * domain `peer`. Rejects when one is refused.
 */
export async function openSender(
  goal: Goal,
  identity: Identity,
  peer: string,
  { connections, pattern }: { readonly connections: number; readonly pattern: Pattern | undefined },
): Promise<Sender> {
  const lanes = (await openConnections(goal, identity, connections)).map(laneOf);
  const play = playOf(pattern, { from: identity.domain, to: peer, run: randomBytes(4).toString('hex') });
  // Numbers go on from run to run, so that an answer that comes late is not taken for one of the next run.
  let first = 0;
  let notified: (number: number) => void = () => {};
  return {
    run(load) {
      const running = runLoad(lanes, load, play, first);
      notified = running.notified;
      first += load.count;
      return running.result;
    },
    notified: (number) => notified(number),
    close: () => {
      for (const lane of lanes) lane.socket.destroy();
    },
  };
}

function laneOf(socket: TLSSocket, index: number): Lane {
  const lane: Lane = { index, socket, rest: '', inFlight: 0, owed: 0, due: [], waits: false, listener: undefined };
  socket.on('error', (error) => lane.listener?.trouble(error.message));
  socket.on('close', () => lane.listener?.trouble('a connection was closed'));
  socket.on('data', (chunk: Buffer) => lane.listener?.data(lane, chunk));
  return lane;
}

interface Running {
  readonly result: Promise<LoadResult>;
  notified(number: number): void;
}

function runLoad(lanes: readonly Lane[], load: Load, { beginning, flow: createFlow }: Play, first: number): Running {
  let taken: (result: LoadResult) => void = () => {};
  const result = new Promise<LoadResult>((resolve) => {
    taken = resolve;
  });
  const tally = createTally(load.count, first);
  const flow = createFlow(tally, first, load.count);
  /** The lane of each request, for what is heard of it elsewhere. */
  const lanesOf = new Uint16Array(load.count);
  const closedLoop = load.rate === 0;
  const began = performance.now();
  let sent = 0;
  let next = 0;
  /** Those of a thousand connections that have something to say. */
  let waiting: Lane[] = [];
  let pace: NodeJS.Timeout | undefined;

  const finish = (): void => {
    clearInterval(watch);
    clearInterval(pace);
    for (const lane of lanes) lane.listener = undefined;
    flow.finish();
    taken(tally.result());
  };
  // All that became due in this turn leaves in one write per connection.
  const flush = (): void => {
    const now = performance.now();
    const ready = waiting;
    waiting = [];
    for (const lane of ready) {
      lane.waits = false;
      const count = Math.min(lane.owed, load.count - sent);
      lane.owed = 0;
      if (count > 0) {
        for (let index = sent; index < sent + count; index += 1) {
          tally.sent(index, closedLoop ? now : began + (index * 1000) / load.rate);
          lanesOf[index] = lane.index;
        }
        lane.due.push(beginning.batch(first + sent, count));
        lane.inFlight += count;
        sent += count;
      }
      const [only] = lane.due;
      if (only === undefined) continue;
      lane.socket.write(lane.due.length === 1 ? only : Buffer.concat(lane.due));
      lane.due = [];
    }
  };
  const wait = (lane: Lane): void => {
    if (lane.waits) return;
    lane.waits = true;
    waiting.push(lane);
  };
  const schedule = (lane: Lane): void => {
    if (waiting.length === 0) setImmediate(flush);
    wait(lane);
  };
  const settled = (lane: Lane, answered: number): void => {
    lane.inFlight -= answered;
    if (tally.finished()) finish();
    else if (closedLoop && answered > 0) {
      lane.owed += answered;
      schedule(lane);
    }
  };
  const listener: LaneListener = {
    data(lane, chunk) {
      const answered = read(lane, chunk, flow, tally);
      const due = flow.due();
      if (due !== undefined) {
        lane.due.push(due);
        schedule(lane);
      }
      settled(lane, answered);
    },
    trouble: (words) => tally.trouble(words),
  };
  // What is due by the clock goes to the connections in turn, as far as their windows let it.
  const plan = (): void => {
    const due = Math.min(load.count, Math.floor(((performance.now() - began) * load.rate) / 1000));
    let planned = sent;
    for (let full = 0; planned < due && full < lanes.length; next = (next + 1) % lanes.length) {
      const lane = lanes[next];
      if (lane === undefined || lane.inFlight + lane.owed >= load.window) {
        full += 1;
        continue;
      }
      full = 0;
      lane.owed += 1;
      wait(lane);
      planned += 1;
    }
    flush();
  };
  const watch = setInterval(() => {
    if (performance.now() - tally.lastAnswer() > load.patience) finish();
  }, 100);

  for (const lane of lanes) {
    lane.rest = '';
    lane.inFlight = 0;
    lane.owed = closedLoop ? load.window : 0;
    lane.due = [];
    lane.waits = false;
    lane.listener = listener;
    if (closedLoop) wait(lane);
  }
  if (closedLoop) flush();
  else pace = setInterval(plan, 1);
  return {
    result,
    notified(number) {
      const before = tally.answered();
      tally.now(performance.now());
      flow.notified(number);
      const lane = lanes[lanesOf[number - first] ?? 0];
      if (lane !== undefined) settled(lane, tally.answered() - before);
    },
  };
}

/** Reads one chunk of responses; returns how many requests are settled by it. */
function read(lane: Lane, chunk: Buffer, flow: Flow, tally: Tally): number {
  const text = lane.rest === '' ? chunk.toString('latin1') : lane.rest + chunk.toString('latin1');
  tally.now(performance.now());
  const before = tally.answered();
  const used = scanResponses(text, flow);
  lane.rest = used === text.length ? '' : text.slice(used);
  return tally.answered() - before;
}
