import { constants } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { hostPort } from '@guildhall/chassis/host-port';
import { listenFault } from '@guildhall/chassis/listen-fault';

/** Why a connection ended before anybody was believed. */
export type HandshakeFailure = 'handshake-timeout' | 'handshake-failed' | 'too-many-connections';

/** What a listener shows and trusts. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** PEM of all authorities a peer may come from; whose anchor is good for whom is decided after the handshake. */
  readonly anchors: readonly string[];
}

/** Who is told what happens at a listener, and how long a handshake may take, ms. */
export interface ListenerDesk {
  readonly handshakeTime: number;
  /** Whether one more connection may begin its handshake, before TLS costs anything. `drop` ends it to make room for another. */
  mayConnect(address: string, source: string, drop: () => void): boolean;
  /** A connection that `mayConnect` let in is gone. */
  gone(address: string): void;
  /** Called once for each that `mayConnect` let in: its handshake is over, well or not. */
  handshakeOver(address: string, source: string): void;
  /** The handshake is done; nothing of what the peer says was read. */
  secured(socket: TLSSocket, source: string): void;
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
  secure.on('secureConnection', (socket) => {
    const source = sourceOf(socket);
    desk.handshakeOver(plainAddress(socket.remoteAddress ?? ''), source);
    // A resumed session would skip the certificate; there is no store to resume from, and none is wanted.
    if (socket.isSessionReused()) {
      desk.failed('handshake-failed', source, 'a session was resumed');
      socket.destroy();
    } else {
      desk.secured(socket, source);
    }
  });
  // Node only tells of a handshake that takes too long: the socket is ours to destroy.
  secure.on('tlsClientError', (error, socket) => {
    const source = sourceOf(socket);
    const code = 'code' in error ? String(error.code) : '';
    desk.failed(
      code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'handshake-timeout' : 'handshake-failed',
      source,
      code === '' ? error.message : code,
    );
    socket.destroy();
  });

  const plain = createServer((socket) => {
    if (socket.remoteAddress === undefined) {
      // Gone before it was accepted.
      socket.destroy();
      return;
    }
    const address = plainAddress(socket.remoteAddress);
    const source = sourceOf(socket);
    const drop = (): void => {
      desk.failed('too-many-connections', source, `too many handshakes of ${address} are not finished`);
      socket.destroy();
    };
    if (!desk.mayConnect(address, source, drop)) {
      desk.failed('too-many-connections', source, '');
      socket.destroy();
      return;
    }
    socket.once('close', () => {
      desk.handshakeOver(address, source);
      desk.gone(address);
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveAfter);
    secure.emit('connection', socket);
  });
  await new Promise<void>((resolve, reject) => {
    plain.once('error', (thrown) => reject(listenFault(thrown, `listener ${at.name}`, at, `the host and port of listener ${at.name}`)));
    plain.listen({ host: at.host, port: at.port, backlog: 1024 }, resolve);
  });
  // A failing accept (out of file descriptors) costs that connection only.
  plain.on('error', (error) => desk.failed('handshake-failed', '', error.message));

  const bound = plain.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : at.port;
  return {
    address: hostPort(at.host, port),
    port,
    serve: (next) => secure.setSecureContext(contextOptions(next)),
    close: () => plain.close(),
  };
}

const keepAliveAfter = 30_000;

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
  return socket.remoteAddress === undefined ? '' : hostPort(plainAddress(socket.remoteAddress), socket.remotePort ?? 0);
}

/** An IPv4 address that came in on an IPv6 socket as itself. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
