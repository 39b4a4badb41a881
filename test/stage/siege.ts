import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** One connection of an attacker: plain TCP, every byte under control. */
export interface Besieger {
  /** Sends exactly these bytes; text is latin1. */
  say(bytes: string | Buffer): void;
  /** Resolves when the connection is over, however. */
  readonly over: Promise<void>;
  isOver(): boolean;
  cut(): void;
}

/** Connects to 127.0.0.1:`port` from one of the addresses of the loopback; resolves when TCP stands. Rejects when nobody takes it. */
export function besiege(port: number, from = '127.0.0.1'): Promise<Besieger> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    let over = false;
    const ended = new Promise<void>((tell) =>
      socket.once('close', () => {
        over = true;
        tell();
      }),
    );
    socket.setNoDelay(true);
    // Who does not read does not notice that it is over.
    socket.resume();
    socket.once('error', reject);
    socket.on('error', () => undefined);
    socket.once('connect', () =>
      resolve({
        say: (bytes) => void socket.write(bytes, 'latin1'),
        over: ended,
        isOver: () => over,
        cut: () => socket.destroy(),
      }),
    );
  });
}

/** Several at once: `count` from each address. Those that nobody takes are left out. */
export async function besiegeFrom(port: number, addresses: readonly string[], count: number): Promise<Besieger[]> {
  const attempts = addresses.flatMap((from) => Array.from({ length: count }, () => besiege(port, from)));
  const settled = await Promise.allSettled(attempts);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** So many addresses of the loopback, none of which an honest actor has. */
export function evilAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `127.66.${Math.floor(at / 250)}.${1 + (at % 250)}`);
}

/** The ClientHello of a real client: taken from one that dials us. */
export function realHello(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (chunk) => {
        socket.destroy();
        server.close();
        resolve(chunk);
      });
    });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      if (at === null || typeof at === 'string') return reject(new Error('no address'));
      connectTls({ port: at.port, host: '127.0.0.1', servername: 'hub.example' }).on('error', () => undefined);
    });
  });
}
