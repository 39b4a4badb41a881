import { connect, type TLSSocket } from 'node:tls';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, wireBytes } from '@guildhall/proto/sip/message';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import type { Paper } from './certificates.stage.js';

/** A member's proxy as seen from the hub: one TLS connection. */
export interface FakeMember {
  readonly socket: TLSSocket;
  send(text: string): void;
  /** The next message or "CRLF" that came, as text; rejects when the hub closes first or nothing comes for 5 s. */
  next(): Promise<string>;
  /** Resolves when the hub has closed; rejects when it does not for 5 s. */
  closed(): Promise<void>;
  /** What came and was not taken. */
  rest(): readonly string[];
  end(): void;
}

const patience = 20_000;

/** Connects to a listener ("host:port"); without `paper` it shows no certificate. Rejects when the handshake fails. `local`: from where. */
export async function fakeMember(address: string, paper: Paper | undefined, local?: string): Promise<FakeMember> {
  const [host = '', port = '0'] = address.split(':');
  const socket = connect({
    host,
    port: Number(port),
    rejectUnauthorized: false,
    servername: 'hub.example',
    ...(paper === undefined ? {} : { cert: paper.cert, key: paper.key }),
    ...(local === undefined ? {} : { localAddress: local }),
  });
  const came: string[] = [];
  const waiting: { resolve: (text: string) => void; reject: (error: Error) => void }[] = [];
  let over = false;
  const ended: (() => void)[] = [];
  const take = (text: string): void => {
    const first = waiting.shift();
    if (first === undefined) came.push(text);
    else first.resolve(text);
  };
  const reader = createMessageReader(defaultLimits, {
    message: (message: Message) => take(wireBytes(message).toString('latin1')),
    ping: () => take('CRLFCRLF'),
    pong: () => take('CRLF'),
    broken: (error) => take(`broken: ${error.message}`),
  });
  socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    over = true;
    for (const one of waiting.splice(0)) one.reject(new Error('the hub closed the connection'));
    for (const tell of ended.splice(0)) tell();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    send: (text) => void socket.write(text, 'latin1'),
    rest: () => came,
    next() {
      const first = came.shift();
      if (first !== undefined) return Promise.resolve(first);
      if (over) return Promise.reject(new Error('the hub closed the connection'));
      return inTime(new Promise((resolve, reject) => waiting.push({ resolve, reject })), 'nothing came');
    },
    closed: () =>
      over ? Promise.resolve() : inTime(new Promise<void>((resolve) => ended.push(resolve)), 'the hub keeps the connection open'),
    end: () => socket.destroy(),
  };
}

function inTime<T>(promise: Promise<T>, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
