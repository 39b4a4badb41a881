import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Identity } from '../bench/load-protocol.js';
import { echoRequests } from '../bench/request-echo.js';
import { takeApart } from './mixed-stream.js';
import { moment } from './moment.js';
import type { PartyClient } from './party-client.js';
import type { Behaviour, ReceiverBook } from './party-protocol.js';
import { createReceiverBook } from './receiver-book.js';

/** A proxy as server: answers what it gets as it is told to behave, and writes it down. */
export interface PartyServer {
  readonly port: number;
  behave(behaviour: Behaviour): Promise<void>;
  wear(identity: Identity): void;
  /** Lends its connections, those that come included, to a client that sends on them, too. Resolves when there is one, within `patience` ms. */
  share(client: Pick<PartyClient, 'borrow'>, patience: number): Promise<void>;
  book(): ReceiverBook;
  close(): void;
}

/** Longest unfinished message that is kept, in characters. */
const longest = 1_000_000;

/** Listens on 127.0.0.1:`port` (0: any) with mutual TLS. Rejects when the port is taken. */
export async function openPartyServer(port: number, identity: Identity): Promise<PartyServer> {
  const book = createReceiverBook();
  /** With the TCP connection below each: TLS has no way to reset. */
  const sockets = new Map<TLSSocket, Socket>();
  const plain = new Map<number, Socket>();
  let behaviour: Behaviour = { kind: 'answers', status: 200 };
  let accepted = 0;
  let ended = 0;
  let borrower: Pick<PartyClient, 'borrow'> | undefined;
  let borrowed: (() => void) | undefined;
  /** Takes what the far end of a lent connection answers. */
  const hearers = new Map<TLSSocket, (responses: string) => void>();

  const lend = (socket: TLSSocket): void => {
    if (borrower === undefined) return;
    hearers.set(socket, borrower.borrow(socket, bound));
    borrowed?.();
  };

  const serve = (socket: TLSSocket): void => {
    let rest = '';
    let pending = '';
    accepted += 1;
    const below = plain.get(socket.remotePort ?? 0);
    if (below !== undefined) sockets.set(socket, below);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      ended += 1;
      sockets.delete(socket);
      hearers.delete(socket);
    });
    const flush = (): void => {
      const answers = Buffer.from(pending, 'latin1');
      pending = '';
      const delay = behaviour.kind === 'answers' ? (behaviour.delay ?? 0) : 0;
      if (delay === 0) socket.write(answers);
      else setTimeout(() => socket.writable && socket.write(answers), delay);
    };
    const choose = (text: string, at: number, end: number): string => {
      const ping = text.startsWith('OPTIONS ', at);
      if (!ping) book.heard(text, at, end, moment());
      if (behaviour.kind === 'answers') return firstLines(ping ? 200 : behaviour.status);
      if (behaviour.kind === 'resets' && !ping) below?.resetAndDestroy();
      return ping && (behaviour.kind !== 'silent' || behaviour.pings) ? firstLines(200) : '';
    };
    /** Answers the requests at the start of a text and gives what is left of it; undefined where it cannot be read. */
    const answer = (text: string): string | undefined => {
      const echo = echoRequests(text, choose);
      if (!echo.sound) return undefined;
      const left = echo.used === text.length ? '' : text.slice(echo.used);
      const mute = behaviour.kind === 'silent' && !behaviour.pings;
      if (echo.answers === '' || mute || socket.destroyed || below?.destroyed === true) return left;
      // One write per connection and turn, however many chunks the turn brings.
      if (pending === '') setImmediate(flush);
      pending += echo.answers;
      return left;
    };
    socket.on('data', (chunk: Buffer) => {
      const text = rest === '' ? chunk.toString('latin1') : rest + chunk.toString('latin1');
      const hear = hearers.get(socket);
      let left: string | undefined;
      if (hear === undefined) {
        left = answer(text);
      } else {
        const apart = takeApart(text);
        left = apart.rest;
        for (const { kind, text: part } of apart.stretches) {
          if (kind === 'responses') hear(part);
          else if (answer(part) === undefined) left = undefined;
        }
      }
      if (left === undefined || left.length > longest) socket.destroy();
      else rest = left;
    });
    lend(socket);
    if (behaviour.kind === 'never-reads') socket.pause();
  };

  const { cert, key, ca } = identity;
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, serve);
  server.on('connection', (socket: Socket) => {
    const { remotePort = 0 } = socket;
    plain.set(remotePort, socket);
    socket.on('close', () => plain.get(remotePort) === socket && plain.delete(remotePort));
  });
  server.on('tlsClientError', (_, socket) => socket.destroy());
  const listen = (at: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', () => {
        server.off('error', reject);
        const address = server.address();
        if (address === null || typeof address === 'string') reject(new Error('no address'));
        else resolve(address.port);
      });
    });
  const bound = await listen(port);
  const shut = (): void => {
    server.close();
    for (const socket of plain.values()) socket.resetAndDestroy();
  };

  return {
    port: bound,
    async behave(next) {
      const before = behaviour;
      behaviour = next;
      if (next.kind === 'gone') shut();
      else if (before.kind === 'gone') await listen(bound);
      for (const socket of sockets.keys()) {
        if (next.kind === 'never-reads') socket.pause();
        else socket.resume();
      }
    },
    wear: (next) => server.setSecureContext({ cert: next.cert, key: next.key, ca: next.ca }),
    share(client, patience) {
      borrower = client;
      return new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error('the hub has dialled no connection to send on')), patience);
        borrowed = () => {
          clearTimeout(late);
          resolve();
        };
        for (const socket of sockets.keys()) lend(socket);
      });
    },
    book: () => ({ runs: book.runs(), accepted, ended }),
    close: shut,
  };
}

/** A status line with what such an answer carries besides what it copies. */
function firstLines(status: number): string {
  return `SIP/2.0 ${status} ${status === 200 ? 'OK' : 'No'}\r\n${status === 503 ? 'Retry-After: 30\r\n' : ''}`;
}
