import { constants } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { hostPort } from '@guildhall/chassis/host-port';
import { listenFault } from '@guildhall/chassis/listen-fault';
import type { Arrivals } from './arrivals.js';
import { clientHello, longestHello } from './client-hello.js';
import type { Arrival, HandshakeLoss } from './handshakes.js';
import { networkOf } from './source-network.js';
import { createSpread } from './spread.js';

/** Why a connection ended before anybody was believed. */
export type HandshakeFailure = 'handshake-timeout' | 'handshake-failed' | 'too-many-connections' | 'too-many-handshakes';

/** What a listener shows and trusts. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** PEM of all authorities a peer may come from; whose anchor is good for whom is decided after the handshake. */
  readonly anchors: readonly string[];
}

/** Who is told what happens at a listener, and how long a handshake may take once it was begun, ms. */
export interface ListenerDesk {
  readonly handshakeTime: number;
  /** Who may come in, and when. */
  readonly arrivals: Pick<Arrivals, 'arrive' | 'asked' | 'over' | 'gone'>;
  /** The handshake is done; nothing of what the peer says was read. */
  secured(socket: TLSSocket, source: string): void;
  /** Called once at most for each connection, and not for one that was secured. */
  failed(reason: HandshakeFailure, source: string, detail: string): void;
}

/** One address members connect to. */
export interface Listener {
  /** As really bound. */
  readonly address: string;
  readonly port: number;
  /** New handshakes see this from now on. */
  serve(tls: ListenerTls): void;
  /** Stops accepting; open connections stay. */
  close(): void;
}

/**
 * Listens with mutual TLS: a certificate is asked for and none is refused by TLS itself, so that we can say why. Throws a Fault
 * when it cannot listen.
 */
export async function openListener(
  at: { readonly name: string; readonly host: string; readonly port: number },
  tls: ListenerTls,
  desk: ListenerDesk,
): Promise<Listener> {
  const secure = createTlsServer({
    ...contextOptions(tls),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: desk.handshakeTime,
  });
  /** Connections that are not secured yet, by their far end: what TLS tells of is told of its own socket. */
  const entrants = new Map<string, Entrant>();
  const fail = (entrant: Entrant, reason: HandshakeFailure, detail: string): void => {
    if (entrant.phase !== 'over') desk.failed(reason, entrant.source, detail);
    end(entrant);
    entrant.socket.destroy();
  };
  const end = (entrant: Entrant): void => {
    if (entrant.phase === 'over') return;
    entrant.phase = 'over';
    entrants.delete(entrant.source);
    desk.arrivals.over(entrant.arrival);
  };

  secure.on('secureConnection', (socket) => {
    const source = sourceOf(socket);
    const entrant = entrants.get(source);
    // It gave way to others, or is gone, while its last words were on their way.
    if (entrant === undefined) {
      socket.destroy();
      return;
    }
    // A resumed session would skip the certificate; there is no store to resume from, and none is wanted.
    if (socket.isSessionReused()) {
      fail(entrant, 'handshake-failed', 'a session was resumed');
      return;
    }
    end(entrant);
    desk.secured(socket, source);
  });
  // Node only tells of a handshake that takes too long: the socket is ours to destroy.
  secure.on('tlsClientError', (error, socket) => {
    const entrant = entrants.get(sourceOf(socket));
    const code = 'code' in error ? String(error.code) : '';
    const reason = code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'handshake-timeout' : 'handshake-failed';
    if (entrant !== undefined) fail(entrant, reason, code === '' ? error.message : code);
    socket.destroy();
  });

  // Whoever waited in the backlog is accepted in one turn; a thousand at once are not to hold up those who are connected.
  const left = createSpread((socket: Socket) => void socket.destroy());
  const accepted = createSpread((socket: Socket) => {
    const source = sourceOf(socket);
    // Gone before it was accepted, or one port of theirs twice within its own last words.
    if (source === '' || entrants.has(source)) {
      socket.destroy();
      return;
    }
    const words: FirstWords = { chunks: [], length: 0 };
    const entrant: Entrant = {
      socket,
      source,
      phase: 'waiting',
      arrival: {
        address: networkOf(socket.remoteAddress ?? ''),
        begin() {
          entrant.phase = 'shaking';
          giveBack(socket, words);
          secure.emit('connection', socket);
        },
        drop: (why) => fail(entrant, losses[why].reason, losses[why].detail),
      },
    };
    const turnedBack = desk.arrivals.arrive(entrant.arrival);
    if (turnedBack !== '') {
      desk.failed(turnedBack, source, '');
      socket.destroy();
      return;
    }
    entrants.set(source, entrant);
    socket.once('close', () => {
      if (entrant.phase === 'shaking') fail(entrant, 'handshake-failed', 'it was closed');
      end(entrant);
      desk.arrivals.gone(entrant.arrival);
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveAfter);
    listenForHello(socket, words, {
      whole: () => desk.arrivals.asked(entrant.arrival),
      broken: (why) => fail(entrant, 'handshake-failed', why),
    });
    socket.resume();
  });
  const plain = createServer({ pauseOnConnect: true }, (socket) => {
    // Who leaves before TLS has begun leaves without a trace; later TLS tells.
    socket.on('error', ignore);
    accepted.put(socket);
  });
  await new Promise<void>((resolve, reject) => {
    plain.once('error', (thrown) => reject(listenFault(thrown, `listener ${at.name}`, at, `the host and port of listener ${at.name}`)));
    plain.listen({ host: at.host, port: at.port, backlog: 4096 }, resolve);
  });
  // A failing accept (out of file descriptors) costs that connection only.
  plain.on('error', (error) => desk.failed('handshake-failed', '', error.message));

  const bound = plain.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : at.port;
  return {
    address: hostPort(at.host, port),
    port,
    serve: (next) => secure.setSecureContext(contextOptions(next)),
    close() {
      plain.close();
      for (const socket of accepted.clear()) left.put(socket);
      for (const entrant of entrants.values()) {
        if (entrant.phase !== 'waiting') continue;
        end(entrant);
        left.put(entrant.socket);
      }
    },
  };
}

const keepAliveAfter = 30_000;

/** A connection that is not secured yet. */
interface Entrant {
  readonly socket: Socket;
  readonly source: string;
  readonly arrival: Arrival;
  /** In line, in its handshake, or neither any more. */
  phase: 'waiting' | 'shaking' | 'over';
}

const losses = {
  silent: { reason: 'handshake-timeout', detail: 'it did not begin its handshake' },
  'no-turn': { reason: 'too-many-handshakes', detail: 'its turn did not come in time' },
  'gave-way': { reason: 'too-many-handshakes', detail: 'it gave way to others' },
} as const satisfies Record<HandshakeLoss, { reason: HandshakeFailure; detail: string }>;

/** What a plain socket said while it stood in line. */
interface FirstWords {
  chunks: Buffer[];
  length: number;
}

/** Pieces that are kept apart of what is said behind a whole ClientHello. */
const mostPieces = 64;

/**
 * Reads what a socket says while it stands in line, so that one that leaves is noticed, and tells once when its ClientHello is whole or
 * cannot become one. Nobody who is to wait for our answer has more to say.
 */
function listenForHello(socket: Socket, words: FirstWords, tell: { whole(): void; broken(why: string): void }): void {
  let asked = false;
  socket.on('data', (chunk: Buffer) => {
    words.chunks.push(chunk);
    words.length += chunk.length;
    if (words.length > 2 * longestHello) tell.broken('it said too much before its turn');
    // Many small pieces take far more room than their bytes.
    if (words.chunks.length > (asked ? mostPieces : 1)) words.chunks = [Buffer.concat(words.chunks)];
    if (asked) return;
    const said = clientHello(words.chunks[0] ?? chunk);
    if (said === 'no-tls') tell.broken('it does not begin as TLS does');
    if (said !== 'whole') return;
    asked = true;
    tell.whole();
  });
}

/** Makes a socket as it was before anybody listened to it: TLS reads what lies in its buffer first. */
function giveBack(socket: Socket, words: FirstWords): void {
  socket.removeAllListeners('data');
  socket.pause();
  if (words.length > 0) socket.unshift(Buffer.concat(words.chunks));
  words.chunks = [];
}

function ignore(): void {}

function contextOptions(tls: ListenerTls): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    // An empty list, unlike none, keeps the public authorities out.
    ca: [...tls.anchors],
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}

/** The far end, "address:port", IPv6 in brackets; '' when it is gone already. */
function sourceOf(socket: Socket): string {
  const address = socket.remoteAddress;
  if (address === undefined) return '';
  // An IPv4 address that came in on an IPv6 socket is itself.
  return hostPort(address.startsWith('::ffff:') ? address.slice(7) : address, socket.remotePort ?? 0);
}
