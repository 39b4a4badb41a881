import { constants } from 'node:crypto';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type Server as TlsServer } from 'node:tls';
import { type CertificateFacts, certificateFacts } from '../certificate.js';
import { Fault } from '../fault.js';
import { hostPort } from '../host-port.js';
import { listenFault } from '../listen-fault.js';

/** What the door shows, and whose certificates it can make something of. PEM. */
export interface DoorTls {
  readonly cert: string;
  readonly key: string;
  readonly anchors: readonly string[];
}

/** Where the door is and what it bears. */
export interface DoorSettings {
  readonly host: string;
  readonly port: number;
  /** Open at the same time; more are closed at once. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** ms until TLS must stand. */
  readonly handshakeTime: number;
}

/** What is spoken behind the door, and how it is called in faults. */
export interface DoorKind {
  readonly protocol: 'h2' | 'http/1.1';
  /** "the gRPC port". */
  readonly name: string;
  /** The section of the configuration: "grpc". */
  readonly section: string;
}

/** What becomes of the connections. */
export interface DoorDesk {
  /** One that is ready for its protocol. */
  connected(socket: Socket): void;
  /** One that did not come about, in a few words. */
  failed(source: string, why: string): void;
}

/** A TCP port with or without TLS. */
export interface TlsDoor {
  /** "host:port" as bound. */
  readonly address: string;
  /** The client certificate of an open connection by the far end's "address:port" as Node writes it. */
  certificateOf(peer: string): CertificateFacts | undefined;
  /** New handshakes see this from now on. Nothing without TLS. */
  serve(tls: DoorTls): void;
  /** No connection is taken any more; open ones stay. */
  close(): void;
}

const loopback = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost)$/;

/** Refuses to speak in the clear beyond this machine. Throws a Fault `<section>-in-the-clear`. */
function refuseClear(host: string, hasCertificate: boolean, { name, section }: DoorKind): void {
  if (hasCertificate || loopback.test(host)) return;
  throw new Fault(`${section}-in-the-clear`, `${name} on ${host} has no certificate, and tokens would cross the network in the clear`, {
    cure: `set ${section}.certificate (cert and key), or ${section}.host to 127.0.0.1`,
    exitCode: 2,
  });
}

/** Listens. A client certificate is asked for and none is refused by TLS itself: the call says what is wrong with it. Throws a Fault. */
export async function openTlsDoor(kind: DoorKind, at: DoorSettings, tls: DoorTls | undefined, desk: DoorDesk): Promise<TlsDoor> {
  refuseClear(at.host, tls !== undefined, kind);
  const certificates = new Map<string, CertificateFacts>();
  const secure = tls === undefined ? undefined : secureServer(kind, tls, { at, desk, certificates });
  const perAddress = new Map<string, number>();
  const plain = createServer({ noDelay: true }, (socket) => {
    // What goes wrong on a connection ends it and nothing else.
    socket.on('error', () => socket.destroy());
    const address = socket.remoteAddress ?? '';
    const now = (perAddress.get(address) ?? 0) + 1;
    if (now > at.connectionsPerAddress) {
      desk.failed(`${address}:${socket.remotePort ?? ''}`, 'too many connections of this address');
      socket.destroy();
      return;
    }
    perAddress.set(address, now);
    socket.once('close', () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
    if (secure === undefined) desk.connected(socket);
    else secure.emit('connection', socket);
  });
  plain.maxConnections = at.connections;
  plain.on('drop', (data) => desk.failed(`${data?.remoteAddress ?? ''}:${data?.remotePort ?? ''}`, 'too many connections'));
  const port = await listening(plain, at, kind);
  plain.on('error', (error) => desk.failed('', error.message));
  return {
    address: hostPort(at.host, port),
    certificateOf: (peer) => certificates.get(peer),
    serve: (next) => secure?.setSecureContext(contextOptions(next)),
    close: () => plain.close(),
  };
}

interface Desk {
  readonly at: DoorSettings;
  readonly desk: DoorDesk;
  readonly certificates: Map<string, CertificateFacts>;
}

function secureServer({ protocol }: DoorKind, tls: DoorTls, { at, desk, certificates }: Desk): TlsServer {
  const secure = createTlsServer({
    ...contextOptions(tls),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: at.handshakeTime,
    ALPNProtocols: [protocol],
  });
  secure.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    // A resumed session would show no certificate; there is no store to resume from.
    if (!speaks(socket.alpnProtocol, protocol) || socket.isSessionReused() || socket.remoteAddress === undefined) {
      desk.failed(peer, `it does not speak ${protocol === 'h2' ? 'HTTP/2' : 'HTTP/1.1'}`);
      socket.destroy();
      return;
    }
    const facts = certificateFacts(socket);
    if (facts !== undefined) {
      certificates.set(peer, facts);
      socket.once('close', () => {
        if (certificates.get(peer) === facts) certificates.delete(peer);
      });
    }
    desk.connected(socket);
  });
  secure.on('tlsClientError', (error, socket) => {
    desk.failed(`${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`, 'code' in error ? String(error.code) : error.message);
    socket.destroy();
  });
  return secure;
}

/** Who does not say what it speaks means HTTP/1.1. */
function speaks(chosen: string | false | null, protocol: DoorKind['protocol']): boolean {
  return chosen === protocol || (protocol === 'http/1.1' && (chosen === false || chosen === null));
}

function contextOptions({ cert, key, anchors }: DoorTls): SecureContextOptions {
  return {
    cert,
    key,
    // An empty list, unlike none, keeps the public authorities out.
    ca: [...anchors],
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}

async function listening(server: NetServer, at: DoorSettings, { name, section }: DoorKind): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => reject(listenFault(thrown, name, at, `${section}.host and ${section}.port`)));
    server.listen({ host: at.host, port: at.port }, resolve);
  });
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : at.port;
}
