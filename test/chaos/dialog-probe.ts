import { randomBytes } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import type { Identity } from '../bench/load-protocol.js';
import { moment } from './moment.js';

/** A call that stands, and questions within it at a steady pace. */
export interface DialogProbe {
  /** Sends nothing more; resolves with what came of it when all is answered, or after `patience` ms. */
  finish(patience: number): Promise<DialogCount>;
  close(): void;
}

/** What came of the requests within the call. */
export interface DialogCount {
  readonly sent: number;
  readonly answered: number;
  /** Of those answered: by something else than 200, as status lines. */
  readonly otherwise: readonly string[];
  /** Slowest answer, ms. */
  readonly longest: number;
}

/** From whom, to whom, and where. */
export interface DialogProbePart {
  readonly identity: Identity;
  /** Domains. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly serverName: string;
  /** ms from one request to the next. */
  readonly every: number;
}

/** Opens a call over a connection of its own, and then sends INFO within it. Rejects when the call is not answered. */
export async function openDialogProbe({ identity, from, to, port, serverName, every }: DialogProbePart): Promise<DialogProbe> {
  const { cert, key, ca } = identity;
  const socket = connect({ host: '127.0.0.1', port, servername: serverName, cert, key, ca });
  const run = randomBytes(5).toString('hex');
  const sentAt = new Map<number, number>();
  const otherwise: string[] = [];
  let sent = 0;
  let answered = 0;
  let longest = 0;
  let rest = '';
  let opened: ((answer: string) => void) | undefined;

  const take = (message: string): void => {
    const number = Number(/\r\nCSeq: *(\d+)/i.exec(message)?.[1]);
    if (message.startsWith('SIP/2.0 1')) return;
    if (number === 1) {
      opened?.(message);
      return;
    }
    const began = sentAt.get(number);
    if (began === undefined) return;
    sentAt.delete(number);
    answered += 1;
    longest = Math.max(longest, moment() - began);
    if (!message.startsWith('SIP/2.0 200 ')) otherwise.push(message.slice(0, message.indexOf('\r\n')));
  };
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1');
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      if (end > 0) take(rest.slice(0, end + 4));
      rest = rest.slice(end + 4);
    }
  });
  await secured(socket);
  socket.on('error', () => undefined);

  const request = (method: string, number: number, toTag: string, route: string): string =>
    [
      `${method} sip:probe@${to} SIP/2.0`,
      `Via: SIP/2.0/TLS probe.${from};branch=z9hG4bK${run}${method}${number}`,
      'Max-Forwards: 70',
      `From: <sip:probe@${from}>;tag=p`,
      `To: <sip:probe@${to}>${toTag}`,
      `Call-ID: probe${run}`,
      `CSeq: ${number} ${method}`,
      `Contact: <sip:probe@probe.${from}>`,
      ...(route === '' ? [] : [`Route: ${route}`]),
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');

  const answer = await new Promise<string>((resolve, reject) => {
    opened = resolve;
    socket.once('close', () => reject(new Error('the hub closed the connection of the probe')));
    socket.write(request('INVITE', 1, '', ''));
  });
  const route = /\r\nRecord-Route: *([^\r]+)/i.exec(answer)?.[1] ?? '';
  const toTag = /\r\nTo: *[^\r]*(;tag=[^;\r]+)/i.exec(answer)?.[1] ?? '';
  if (!answer.startsWith('SIP/2.0 200 ') || route === '') throw new Error(`the call of the probe was answered ${answer.slice(0, 40)}`);
  socket.write(request('ACK', 1, toTag, route));
  const pace = setInterval(() => {
    sent += 1;
    sentAt.set(sent + 1, moment());
    socket.write(request('INFO', sent + 1, toTag, route));
  }, every);

  return {
    finish(patience) {
      clearInterval(pace);
      const deadline = moment() + patience;
      return new Promise((resolve) => {
        const look = (): void => {
          if (sentAt.size === 0 || moment() > deadline) resolve({ sent, answered, otherwise, longest });
          else setTimeout(look, 20);
        };
        look();
      });
    },
    close() {
      clearInterval(pace);
      socket.destroy();
    },
  };
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
}
