import { createServer, type TLSSocket } from 'node:tls';
import { callAnswer, contactLine } from './dialog-template.js';
import type { Identity } from './load-protocol.js';
import { type Choose, echoRequests, type Ringing } from './request-echo.js';

/** What an answerer got since its start. */
export interface Got {
  /** Requests answered, probes not counted. */
  readonly requests: number;
  readonly acknowledged: number;
  /** Readings that brought a request or an ACK. */
  readonly reads: number;
}

/** A member's proxy that answers everything with 200, an INVITE with 180 before. */
export interface Answerer {
  readonly port: number;
  got(): Got;
  close(): void;
}

/** Is told of requests with the head text[at, end) that begin or belong to subscriptions. */
export interface SubscriptionListener {
  subscribed(text: string, at: number, end: number): void;
  notified(text: string, at: number, end: number): void;
}

/** Longest unfinished message that is kept, in characters. */
const longest = 1_000_000;

/** Listens on 127.0.0.1:`port` (0: any) with mutual TLS as the member `identity` names. */
export function openAnswerer(port: number, identity: Identity, listener?: SubscriptionListener): Promise<Answerer> {
  let requests = 0;
  let acknowledged = 0;
  let reads = 0;
  const choose = chooser(identity.domain, listener);
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
      const echo = echoRequests(text, choose);
      if (!echo.sound || text.length - echo.used > longest) {
        socket.destroy();
        return;
      }
      rest = echo.used === text.length ? '' : text.slice(echo.used);
      requests += echo.requests;
      acknowledged += echo.acknowledged;
      if (echo.requests + echo.acknowledged > 0) reads += 1;
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
        got: () => ({ requests, acknowledged, reads }),
        close: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}

/** What each method is answered. */
function chooser(domain: string, listener: SubscriptionListener | undefined): Choose {
  const contact = contactLine(domain);
  const subscribed = `${ok}${contact}Expires: 3600\r\n`;
  const call: Ringing = {
    first: `SIP/2.0 180 Ringing\r\n${contact}`,
    last: `${ok}${contact}Content-Type: application/sdp\r\n`,
    body: callAnswer,
  };
  return (text, at, end) => {
    if (text.startsWith('INVITE ', at)) return call;
    if (text.startsWith('NOTIFY ', at)) listener?.notified(text, at, end);
    else if (text.startsWith('SUBSCRIBE ', at)) {
      listener?.subscribed(text, at, end);
      return subscribed;
    }
    return ok;
  };
}

const ok = 'SIP/2.0 200 OK\r\n';
