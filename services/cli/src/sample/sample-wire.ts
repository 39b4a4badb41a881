import type { TLSSocket } from 'node:tls';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import { createMessageReader } from '@guildhall/proto/sip/reader';

/** One TLS connection of a sample member, framed into SIP messages. */
export interface SampleWire {
  /** Which way it was opened: `hub` by us, `proxy` by the hub. */
  readonly kind: 'hub' | 'proxy';
  open(): boolean;
  /** Writes bytes as they are; does nothing on a closed wire. */
  write(bytes: string | Buffer): void;
  /** Ends the connection at once. */
  destroy(): void;
}

/** What a wire tells its owner. */
export interface WireEvents {
  message(wire: SampleWire, message: Message): void;
  /** Once, with why. */
  closed(wire: SampleWire, error: string): void;
}

/** Frames a connected TLS socket. Keepalives are answered here (RFC 5626 4.4.1). */
export function createSampleWire(socket: TLSSocket, kind: 'hub' | 'proxy', events: WireEvents): SampleWire {
  let failure = 'the connection was closed';
  let closed = false;
  const wire: SampleWire = {
    kind,
    open: () => !closed && socket.writable,
    write(bytes) {
      if (wire.open()) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    },
    destroy: () => socket.destroy(),
  };
  const reader = createMessageReader(defaultLimits, {
    message: (message) => events.message(wire, message),
    ping: () => wire.write('\r\n'),
    pong: () => {},
    broken(error) {
      failure = `the hub sent what is no SIP: ${error.message}`;
      socket.destroy();
    },
  });
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  socket.on('error', (error) => {
    failure = error.message;
  });
  socket.on('close', () => {
    closed = true;
    events.closed(wire, failure);
  });
  return wire;
}

/** A message of our own writing as a `Message`, so that it can be kept and looked at like one that came in. Throws SipError. */
export function ownMessage(text: string): Message {
  return parseMessage(Buffer.from(text, 'latin1'), defaultLimits);
}
