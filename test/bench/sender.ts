import { randomBytes } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { type Identity, messageBytes } from './load-protocol.js';
import { createRequestTemplate, type RequestTemplate } from './request-template.js';
import { scanResponses } from './response-scan.js';
import { createTally, type LoadResult, type Tally } from './tally.js';

/** One run of load. */
export interface Load {
  readonly connections: number;
  /** Requests in flight per connection (closed loop); with `rate` the bound on them. */
  readonly window: number;
  /** Requests in all. */
  readonly count: number;
  /** Requests a second over all connections (open loop: latency counts from the planned moment); 0: closed loop. */
  readonly rate: number;
  /** Milliseconds without any answer after which the rest counts as lost. */
  readonly patience: number;
}

/** A member's proxy that sends. */
export interface Sender {
  /** Sends one load over the open connections and resolves with what came of it. */
  run(load: Load): Promise<LoadResult>;
  close(): void;
}

interface Lane {
  readonly socket: TLSSocket;
  rest: string;
  inFlight: number;
  /** Requests to be sent at the end of this turn. */
  owed: number;
  /** Who listens while a load runs. */
  listener: LaneListener | undefined;
}

interface LaneListener {
  data(lane: Lane, chunk: Buffer): void;
  trouble(words: string): void;
}

/**
 * Opens `connections` mutual TLS connections to 127.0.0.1:`port` as the member `identity` names, each when the one before is taken at both
 * ends (Kamailio 5.6 with OpenSSL 3 dies of parallel handshakes). Rejects when one is refused.
 */
export async function openSender(port: number, serverName: string, identity: Identity, peer: string, connections: number): Promise<Sender> {
  const lanes: Lane[] = [];
  for (let index = 0; index < connections; index += 1) lanes.push(laneOf(await open(port, serverName, identity)));
  const template = createRequestTemplate(identity.domain, peer, randomBytes(4).toString('hex'), messageBytes);
  // Numbers go on from run to run, so that an answer that comes late is not taken for one of the next run.
  let first = 0;
  return {
    run: (load) => {
      const result = runLoad(lanes, load, template, first);
      first += load.count;
      return result;
    },
    close: () => {
      for (const lane of lanes) lane.socket.destroy();
    },
  };
}

function open(port: number, servername: string, identity: Identity): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { cert, key, ca } = identity;
    const socket = connect({ host: '127.0.0.1', port, servername, cert, key, ca, minVersion: 'TLSv1.2' });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`127.0.0.1:${port} closed the connection`)));
    // With TLS 1.3 the client is done before the server has looked at its certificate: only the answer to a keepalive
    // (RFC 5626 4.4.1) tells that the server is done, too.
    socket.once('data', () => resolve(socket));
    socket.once('secureConnect', () => socket.write('\r\n\r\n'));
  });
}

function laneOf(socket: TLSSocket): Lane {
  const lane: Lane = { socket, rest: '', inFlight: 0, owed: 0, listener: undefined };
  socket.on('error', (error) => lane.listener?.trouble(error.message));
  socket.on('close', () => lane.listener?.trouble('a connection was closed'));
  socket.on('data', (chunk: Buffer) => lane.listener?.data(lane, chunk));
  return lane;
}

function runLoad(lanes: readonly Lane[], load: Load, template: RequestTemplate, first: number): Promise<LoadResult> {
  return new Promise((resolve) => {
    const tally = createTally(load.count, first);
    const closedLoop = load.rate === 0;
    const began = performance.now();
    let sent = 0;
    let next = 0;
    let scheduled = false;
    let pace: NodeJS.Timeout | undefined;

    const finish = (): void => {
      clearInterval(watch);
      clearInterval(pace);
      for (const lane of lanes) lane.listener = undefined;
      resolve(tally.result());
    };
    // All that became due in this turn leaves in one write per connection.
    const flush = (): void => {
      scheduled = false;
      const now = performance.now();
      for (const lane of lanes) {
        const count = Math.min(lane.owed, load.count - sent);
        lane.owed = 0;
        if (count === 0) continue;
        for (let index = sent; index < sent + count; index += 1) tally.sent(index, closedLoop ? now : began + (index * 1000) / load.rate);
        lane.socket.write(template.batch(first + sent, count));
        lane.inFlight += count;
        sent += count;
      }
    };
    const listener: LaneListener = {
      data(lane, chunk) {
        const answered = read(lane, chunk, tally);
        lane.inFlight -= answered;
        if (tally.finished()) finish();
        else if (closedLoop && answered > 0) {
          lane.owed += answered;
          if (!scheduled) setImmediate(flush);
          scheduled = true;
        }
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
      lane.listener = listener;
    }
    if (closedLoop) flush();
    else pace = setInterval(plan, 1);
  });
}

/** Reads one chunk of responses into the tally; returns how many requests got their final answer. */
function read(lane: Lane, chunk: Buffer, tally: Tally): number {
  const text = lane.rest === '' ? chunk.toString('latin1') : lane.rest + chunk.toString('latin1');
  tally.now(performance.now());
  const before = tally.answered();
  const used = scanResponses(text, tally);
  lane.rest = used === text.length ? '' : text.slice(used);
  return tally.answered() - before;
}
