import { createServer, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type DoorSettings, type DoorTls, openTlsDoor } from '@guildhall/chassis/api/tls-door';
import type { CertificateFacts } from '@guildhall/chassis/certificate';
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server';
import type { HttpApp } from './http-app.js';

/** Where the port is and what it bears: bytes, ms and numbers. */
export interface HttpPortSettings extends DoorSettings {
  readonly headerBytes: number;
  readonly requestTime: number;
  readonly idle: number;
}

/** What the port is made of. */
export interface HttpPortNeeds {
  /** Undefined: in the clear. */
  readonly tls: DoorTls | undefined;
  /** The pages; they ask the port for the certificate of a connection by its far end's address. */
  app(certificateOf: (peer: string) => CertificateFacts | undefined): HttpApp;
  notConnected(source: string, why: string): void;
}

/** The HTTPS port. */
export interface HttpPort {
  /** "host:port" as bound. */
  readonly address: string;
  /** New handshakes see this from now on. */
  serve(tls: DoorTls): void;
  /** Lets answers finish for at most so many ms. */
  close(withinMs: number): Promise<void>;
}

/** Serves the pages. Throws a Fault when it cannot listen. */
export async function openHttpPort(at: HttpPortSettings, { tls, app: createApp, notConnected }: HttpPortNeeds): Promise<HttpPort> {
  const app = createApp((peer) => door.certificateOf(peer));
  const listener = getRequestListener(
    (request, bindings) => (isFirstVersion(bindings) ? app.fetch(request, bindings) : new Response(null, { status: 505 })),
    { overrideGlobalObjects: false },
  );
  const sockets = new Set<Socket>();
  let closing = false;
  const server = createServer(
    {
      maxHeaderSize: at.headerBytes,
      headersTimeout: at.requestTime,
      requestTimeout: at.requestTime,
      keepAliveTimeout: at.idle,
      connectionsCheckingInterval: Math.min(1000, at.requestTime),
    },
    (request, response) => {
      response.once('close', () => {
        if (closing) request.socket.end();
      });
      void listener(request, response);
    },
  );
  // It gets its connections from the door and never listens; only then would it look after slow requests.
  server.emit('listening');
  const kind = { protocol: 'http/1.1', name: 'the HTTPS port', section: 'http' } as const;
  const door = await openTlsDoor(kind, at, tls, {
    connected(socket) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      server.emit('connection', socket);
    },
    failed: notConnected,
  });
  return {
    address: door.address,
    serve: door.serve,
    async close(withinMs) {
      closing = true;
      door.close();
      app.end();
      // Ends what is idle; that it never listened is told to the callback.
      server.close(() => undefined);
      const left = [...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
      let force: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        force = setTimeout(resolve, withinMs);
      });
      await Promise.race([Promise.all(left), late]);
      clearTimeout(force);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The door lets nothing but HTTP/1.1 through; the library's types say both. */
function isFirstVersion(bindings: HttpBindings | Http2Bindings): bindings is HttpBindings {
  return bindings.incoming instanceof IncomingMessage;
}
