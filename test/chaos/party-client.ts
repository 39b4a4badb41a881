import { randomBytes } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { type Identity, messageBytes } from '../bench/load-protocol.js';
import { createRequestTemplate, type RequestTemplate } from '../bench/request-template.js';
import { scanResponses } from '../bench/response-scan.js';
import { moment } from './moment.js';
import type { PartyOrder, SenderBook } from './party-protocol.js';
import { createSenderBook } from './sender-book.js';

/** A proxy as client: keeps connections to the hub, sends at a rate, and writes down what came of it. */
export interface PartyClient {
  /** Resolves when every connection is open; keeps them from then on. */
  dial(order: Extract<PartyOrder, { kind: 'dial' }>): Promise<void>;
  /** Sends on a connection that the hub dialled to this port, too, until it ends; gives what is to be told of the responses that come on it, whole ones. */
  borrow(socket: TLSSocket, port: number): (responses: string) => void;
  send(peers: readonly string[], rate: number): void;
  /** Sends nothing new; resolves with the number of unanswered when it is 0, or after `patience` ms. */
  settle(patience: number): Promise<number>;
  wear(identity: Identity): void;
  book(): SenderBook;
  close(): void;
}

interface Lane {
  readonly port: number;
  state: 'dialling' | 'open' | 'over';
  socket: TLSSocket | undefined;
  /** Its entry in the book; -1 before it was open. */
  entry: number;
  rest: string;
}

/** Requests that go to one peer over one connection before the next is due: what one turn sends spreads over all. */
const spread = 4;
const redialMs = 100;
/** How often plans and ends are looked at, ms. */
const paceMs = 1;
const lookMs = 50;

/** @param domain the sender's own */
export function createPartyClient(domain: string): PartyClient {
  const peers: string[] = [];
  const templates: RequestTemplate[] = [];
  const run = randomBytes(5).toString('hex');
  const book = createSenderBook(run, peers);
  const lanes: Lane[] = [];
  let credentials: Identity | undefined;
  let serverName = '';
  let closed = false;
  let opened: (() => void) | undefined;
  let pace: NodeJS.Timeout | undefined;

  const open = (lane: Lane): void => {
    if (closed || credentials === undefined) return;
    const { cert, key, ca } = credentials;
    const socket = connect({ host: '127.0.0.1', port: lane.port, servername: serverName, cert, key, ca, minVersion: 'TLSv1.2' });
    lane.state = 'dialling';
    lane.socket = socket;
    lane.entry = -1;
    lane.rest = '';
    socket.setNoDelay(true);
    // The answer to a keepalive (RFC 5626 4.4.1) tells that the server has taken the certificate: with TLS 1.3 the client is done before.
    socket.once('secureConnect', () => socket.write('\r\n\r\n'));
    socket.on('data', (chunk: Buffer) => {
      if (lane.state === 'dialling') {
        lane.state = 'open';
        lane.entry = book.opened(lane.port, moment());
        opened?.();
      }
      const text = lane.rest === '' ? chunk.toString('latin1') : lane.rest + chunk.toString('latin1');
      book.now(moment());
      const used = scanResponses(text, book);
      lane.rest = used === text.length ? '' : text.slice(used);
    });
    const over = (end: 'closed' | 'broken') => () => {
      if (lane.socket !== socket || lane.state === 'over') return;
      const was = lane.state;
      lane.state = 'over';
      if (lane.entry >= 0) book.closed(lane.entry, end, moment());
      // At once where it was open, or the hub would be dialled in circles where nobody listens.
      setTimeout(open, was === 'open' ? 0 : redialMs, lane);
    };
    socket.on('end', over('closed'));
    socket.on('error', over('broken'));
    socket.on('close', over('closed'));
  };

  /** The next connection that takes something, or undefined. */
  let turn = 0;
  const nextLane = (): Lane | undefined => {
    for (let tried = 0; tried < lanes.length; tried += 1) {
      turn = (turn + 1) % lanes.length;
      const lane = lanes[turn];
      if (lane?.state === 'open' && lane.socket?.writableNeedDrain === false) return lane;
    }
    return undefined;
  };

  /** Sends what is due, `spread` at a time, to each peer in turn. */
  let peer = 0;
  const put = (due: number, active: readonly number[]): void => {
    for (let left = due; left > 0; left -= spread) {
      const count = Math.min(left, spread);
      const lane = nextLane();
      peer = (peer + 1) % active.length;
      const to = active[peer] ?? 0;
      if (lane === undefined) {
        book.heldBack(left);
        return;
      }
      const from = book.sent(count, to, lane.entry, moment());
      lane.socket?.write(templates[to]?.batch(from, count) ?? '');
    }
  };

  const peerNumber = (to: string): number => {
    const known = peers.indexOf(to);
    if (known >= 0) return known;
    templates.push(createRequestTemplate(domain, to, run, messageBytes));
    return peers.push(to) - 1;
  };

  return {
    dial({ ports, each, serverName: name, identity }) {
      credentials = identity;
      serverName = name;
      for (const port of ports)
        for (let index = 0; index < each; index += 1) lanes.push({ port, state: 'over', socket: undefined, entry: -1, rest: '' });
      return new Promise((resolve) => {
        opened = () => {
          if (lanes.every((lane) => lane.state === 'open')) resolve();
        };
        for (const lane of lanes) if (lane.socket === undefined) open(lane);
      });
    },
    borrow(socket, port) {
      const lane: Lane = { port, state: 'open', socket, entry: book.opened(port, moment()), rest: '' };
      lanes.push(lane);
      const over = (end: 'closed' | 'broken') => () => {
        const at = lanes.indexOf(lane);
        if (at < 0) return;
        lanes.splice(at, 1);
        book.closed(lane.entry, end, moment());
      };
      socket.on('end', over('closed'));
      socket.on('error', over('broken'));
      socket.on('close', over('closed'));
      return (responses) => {
        book.now(moment());
        scanResponses(responses, book);
      };
    },
    send(to, rate) {
      const active = to.map(peerNumber);
      clearInterval(pace);
      if (rate === 0) return;
      const began = performance.now();
      let planned = 0;
      pace = setInterval(() => {
        const due = Math.floor(((performance.now() - began) * rate) / 1000) - planned;
        planned += due;
        put(due, active);
      }, paceMs);
    },
    settle(patience) {
      clearInterval(pace);
      const deadline = performance.now() + patience;
      return new Promise((resolve) => {
        const look = (): void => {
          const left = book.unanswered();
          if (left === 0 || performance.now() > deadline) resolve(left);
          else setTimeout(look, lookMs);
        };
        look();
      });
    },
    wear(identity) {
      credentials = identity;
    },
    book: () => book.book(),
    close() {
      closed = true;
      clearInterval(pace);
      for (const lane of lanes) lane.socket?.destroy();
    },
  };
}
