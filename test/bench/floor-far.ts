import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { connect } from '@nats-io/transport-node';
import type { Identity } from './load-protocol.js';

/** Where a nats-server is and who may use it. */
export interface FloorBus {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** What the near end of a floor measurement tells the far one. */
export type FarOrder =
  /** Listen on loopback, with mutual TLS where an identity is given; `echo`: write one byte back for each reading. */
  | { readonly kind: 'listen'; readonly identity?: Identity; readonly echo: boolean }
  | { readonly kind: 'subscribe'; readonly bus: FloorBus; readonly subject: string }
  /** Wait until this many bytes have come in since the last such order, then tell what that took. */
  | { readonly kind: 'take'; readonly bytes: number };

/** What it answers, one to each order. `micros` is processor time of its process since the last `take`, µs. */
export type FarAnswer =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'taken'; readonly micros: number }
  | { readonly kind: 'failed'; readonly why: string };

/** The far end: takes what comes and looks at none of it. Returns what obeys its orders. */
export function createFar(): (order: FarOrder) => Promise<FarAnswer> {
  let arrived = 0;
  let due = Number.POSITIVE_INFINITY;
  let tell = (): void => {};
  let since = process.cpuUsage();

  const count = (bytes: number): void => {
    arrived += bytes;
    if (arrived >= due) tell();
  };
  const serve = (socket: Socket, echo: boolean): void => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      if (echo) socket.write(chunk.subarray(0, 1));
      count(chunk.length);
    });
  };

  return async (order) => {
    switch (order.kind) {
      case 'listen':
        return { kind: 'ready', port: await listen(openServer(order.identity, (socket) => serve(socket, order.echo))) };
      case 'subscribe': {
        const { url, user, password } = order.bus;
        const connection = await connect({ servers: url, user, pass: password });
        connection.subscribe(order.subject, { callback: (_, message) => count(message.data.length) });
        await connection.flush();
        return { kind: 'ready', port: 0 };
      }
      case 'take':
        await new Promise<void>((resolve) => {
          tell = resolve;
          due = order.bytes;
          if (arrived >= due) resolve();
        });
        return { kind: 'taken', micros: spent() };
    }
  };

  function spent(): number {
    const { user, system } = process.cpuUsage(since);
    since = process.cpuUsage();
    arrived = 0;
    due = Number.POSITIVE_INFINITY;
    return user + system;
  }
}

function openServer(identity: Identity | undefined, take: (socket: Socket) => void): Server {
  if (identity === undefined) return createPlainServer(take);
  const { cert, key, ca } = identity;
  return createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, take);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
