import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createMailbox } from './mailbox.js';

/** A message as a capture server was told of it. */
export interface Captured {
  readonly from: string;
  readonly to: string;
  /** ms since 1970. */
  readonly at: number;
  readonly captureId: number;
  readonly name: string;
  readonly key: string;
  readonly callId: string;
  /** latin1. */
  readonly payload: string;
}

/** A Homer of a few lines: it takes HEP3 over UDP. */
export interface CaptureServer {
  readonly port: number;
  /** In the order in which they came. */
  readonly captured: readonly Captured[];
  /** The first that fits, now or to come. */
  hear(what: string, fits: (captured: Captured) => boolean): Promise<Captured>;
  close(): void;
}

/** Listens on 127.0.0.1. What is no packet of HEP3 ends the test. */
export async function startCaptureServer(): Promise<CaptureServer> {
  const socket = createSocket('udp4');
  const mailbox = createMailbox<Captured>('the capture server', ({ payload }) => payload.split('\r\n', 1)[0] ?? '');
  const captured: Captured[] = [];
  socket.on('message', (packet) => {
    const one = readPacket(packet);
    captured.push(one);
    mailbox.put(one);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    captured,
    hear: (what, fits) => mailbox.take(what, fits),
    close: () => void socket.close(),
  };
}

/** By the table of the specification (rev. 37): "HEP3", total length, then chunks of vendor, type, length and value. */
function readPacket(packet: Buffer): Captured {
  if (packet.toString('latin1', 0, 4) !== 'HEP3' || packet.readUInt16BE(4) !== packet.length) throw new Error('no packet of HEP3');
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; at += packet.readUInt16BE(at + 4)) {
    if (packet.readUInt16BE(at) !== 0) throw new Error('a chunk of a vendor');
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + packet.readUInt16BE(at + 4)));
  }
  const chunk = (type: number): Buffer => chunks.get(type) ?? Buffer.alloc(0);
  if (chunk(1)[0] !== 2 || chunk(2)[0] !== 6 || chunk(11)[0] !== 1) throw new Error('neither IPv4 nor TCP nor SIP');
  const end = (address: number, port: number) => `${[...chunk(address)].join('.')}:${chunk(port).readUInt16BE()}`;
  return {
    from: end(3, 7),
    to: end(4, 8),
    at: chunk(9).readUInt32BE() * 1_000 + chunk(10).readUInt32BE() / 1_000,
    captureId: chunk(12).readUInt32BE(),
    key: chunk(14).toString('utf8'),
    callId: chunk(17).toString('latin1'),
    name: chunk(19).toString('utf8'),
    payload: chunk(15).toString('latin1'),
  };
}
