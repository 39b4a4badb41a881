import { createServer, type TLSSocket } from 'node:tls';
import type { Identity } from './load-protocol.js';
import { echoRequests } from './request-echo.js';

/** A member's proxy that answers everything with 200. */
export interface Answerer {
  readonly port: number;
  /** Requests answered since the start, probes not counted. */
  requests(): number;
  close(): void;
}

/** Longest unfinished message that is kept, in characters. */
const longest = 1_000_000;

/** Listens on 127.0.0.1:`port` (0: any) with mutual TLS as the member `identity` names. */
export function openAnswerer(port: number, identity: Identity): Promise<Answerer> {
  let requests = 0;
  const { cert, key, ca } = identity;
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, (socket) => {
    let rest = '';
    let pending = '';
    const flush = (): void => {
      const answers = pending;
      pending = '';
      socket.write(Buffer.from(answers, 'latin1'));
    };
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const text = rest === '' ? chunk.toString('latin1') : rest + chunk.toString('latin1');
      const echo = echoRequests(text);
      if (!echo.sound || text.length - echo.used > longest) {
        socket.destroy();
        return;
      }
      rest = echo.used === text.length ? '' : text.slice(echo.used);
      requests += echo.requests;
      if (echo.answers === '') return;
      // One write per connection and turn, however many chunks the turn brings.
      if (pending === '') setImmediate(flush);
      pending += echo.answers;
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no address'));
      resolve({
        port: address.port,
        requests: () => requests,
        close: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}
