import type { TLSSocket } from 'node:tls';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { createMessageReader } from '@guildhall/proto/sip/reader';
import { type Received, received } from './received.js';

/** One TLS connection of an actor, whoever opened it. */
export interface Line {
  readonly localPort: number;
  readonly remotePort: number;
  /** Sends exactly these bytes; text is latin1. */
  say(message: string | Buffer): void;
  /** How many lone CRLFs came: answers to our pings. */
  pongs(): number;
  /** How many CRLFCRLFs came: the hub's pings. */
  pings(): number;
  /** Takes nothing more from the wire and says nothing more, as a machine that hangs: the connection stays open. */
  freeze(): void;
  /** Resolves when the connection is over, however, with the error's code or ''. */
  readonly over: Promise<string>;
  /** Closes it in good order. */
  hangUp(): void;
  /** Cuts it without a goodbye. */
  cut(): void;
}

/** Who is told of what comes on a line. */
export interface LineEars {
  message(message: Received): void;
  /** Anything but SIP messages and keep-alives came: no actor expects that. */
  broken(why: string): void;
  pong?(): void;
}

/** Makes a line of a connected socket. */
export function openLine(socket: TLSSocket, ears: LineEars): Line {
  let pings = 0;
  let pongs = 0;
  let frozen = false;
  let failure = '';
  const line: Line = {
    localPort: socket.localPort ?? 0,
    remotePort: socket.remotePort ?? 0,
    say(message) {
      if (!frozen) socket.write(typeof message === 'string' ? Buffer.from(message, 'latin1') : message);
    },
    pongs: () => pongs,
    pings: () => pings,
    freeze() {
      frozen = true;
      socket.pause();
    },
    over: new Promise((resolve) => socket.once('close', () => resolve(failure))),
    hangUp: () => void socket.end(),
    cut: () => void socket.destroy(),
  };
  const reader = createMessageReader(defaultLimits, {
    message: (message) => ears.message(received(message, line)),
    ping() {
      pings++;
      line.say('\r\n');
    },
    pong() {
      pongs++;
      ears.pong?.();
    },
    broken: (error) => ears.broken(error.message),
  });
  socket.on('data', (chunk) => reader.feed(chunk));
  socket.on('error', (error) => {
    failure = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  });
  return line;
}
