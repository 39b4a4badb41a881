/** One end of a connection. */
export interface HepEnd {
  /** 4 or 16 bytes. */
  readonly address: Buffer;
  readonly port: number;
}

/** A message that was seen on a connection, and what a capture server is told about it. */
export interface HepCapture {
  readonly from: HepEnd;
  readonly to: HepEnd;
  /** Wall clock, ms since 1970. */
  readonly at: number;
  readonly callId: string;
  readonly payload: Buffer;
}

/** What stands in every packet of one sender. */
export interface HepSender {
  /** A number by which the capture server tells its senders apart, and a name. */
  readonly captureId: number;
  readonly name: string;
  /** What the server lets it in by; '' for nothing. */
  readonly key: string;
}

/** HEP3 network protocol specification, rev. 37: generic chunk types, vendor 0. */
const Chunk = {
  family: 0x0001,
  protocol: 0x0002,
  source4: 0x0003,
  destination4: 0x0004,
  source6: 0x0005,
  destination6: 0x0006,
  sourcePort: 0x0007,
  destinationPort: 0x0008,
  seconds: 0x0009,
  microseconds: 0x000a,
  kind: 0x000b,
  captureId: 0x000c,
  key: 0x000e,
  payload: 0x000f,
  correlation: 0x0011,
  name: 0x0013,
} as const;

const marker = 'HEP3';
/** Marker and total length; vendor, type and length of a chunk. */
const lead = 6;
const chunkLead = 6;
/** Chunks of a number take at most 4 bytes, and there are seven of them; the two of addresses take at most 16 each. */
const numbers = 7 * (chunkLead + 4) + 2 * (chunkLead + 16);
/** What a UDP datagram carries at most over IPv4; the total length of a packet must also fit into 16 bits. */
export const longestPacket = 65_507;

const family4 = 2;
/** As Linux numbers it; that is what capture servers expect. */
const family6 = 10;
/** TLS runs over TCP. */
const tcp = 6;
const sip = 1;

/** A correlation id is cut beyond this: no peer decides how much room is left for the message. */
const longestCallId = 512;

/**
 * Writes one packet: the chunks of the specification's own example in their order, then key, correlation id and name of the sender, the
 * payload last. A payload that does not fit is cut.
 */
export function hepPacket(capture: HepCapture, sender: HepSender): Buffer {
  const { from, to, at, payload } = capture;
  const isFour = from.address.length === 4 && to.address.length === 4;
  const callId = Buffer.from(capture.callId.slice(0, longestCallId), 'latin1');
  const key = Buffer.from(sender.key, 'utf8');
  const name = Buffer.from(sender.name, 'utf8');
  const room =
    longestPacket - lead - numbers - (chunkLead + callId.length) - (chunkLead + key.length) - (chunkLead + name.length) - chunkLead;
  const taken = payload.subarray(0, Math.max(0, room));
  const packet = Buffer.alloc(longestPacket - Math.max(0, room) + taken.length);
  let end = lead;

  const head = (type: number, length: number): number => {
    // Generic chunk types have the vendor 0, which the buffer is filled with.
    packet.writeUInt16BE(type, end + 2);
    packet.writeUInt16BE(chunkLead + length, end + 4);
    const value = end + chunkLead;
    end = value + length;
    return value;
  };
  const byte = (type: number, value: number): void => void packet.writeUInt8(value, head(type, 1));
  const short = (type: number, value: number): void => void packet.writeUInt16BE(value, head(type, 2));
  const long = (type: number, value: number): void => void packet.writeUInt32BE(value, head(type, 4));
  const bytes = (type: number, value: Buffer): void => void value.copy(packet, head(type, value.length));

  byte(Chunk.family, isFour ? family4 : family6);
  byte(Chunk.protocol, tcp);
  bytes(isFour ? Chunk.source4 : Chunk.source6, isFour ? from.address : asSix(from.address));
  bytes(isFour ? Chunk.destination4 : Chunk.destination6, isFour ? to.address : asSix(to.address));
  short(Chunk.sourcePort, from.port);
  short(Chunk.destinationPort, to.port);
  const seconds = Math.floor(at / 1000);
  long(Chunk.seconds, seconds);
  long(Chunk.microseconds, Math.floor((at - seconds * 1000) * 1000));
  byte(Chunk.kind, sip);
  long(Chunk.captureId, sender.captureId);
  if (key.length > 0) bytes(Chunk.key, key);
  if (callId.length > 0) bytes(Chunk.correlation, callId);
  bytes(Chunk.name, name);
  bytes(Chunk.payload, taken);
  packet.write(marker, 0, 'latin1');
  packet.writeUInt16BE(end, 4);
  return packet.subarray(0, end);
}

/** An IPv4 address beside an IPv6 one is written as one (RFC 4291 2.5.5.2). */
function asSix(address: Buffer): Buffer {
  return address.length === 16 ? address : Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), address]);
}

/** No address: of an end that another process holds. */
export const nowhere: HepEnd = { address: Buffer.alloc(4), port: 0 };

/** Reads "192.0.2.1:5061" or "[2001:db8::1]:5061"; `nowhere` for what is neither. */
export function hepEnd(text: string): HepEnd {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const address = host.includes(':') ? six(host) : four(host);
  return colon < 0 || address === undefined || !Number.isInteger(port) || port < 0 || port > 65_535 ? nowhere : { address, port };
}

function four(text: string): Buffer | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return Buffer.from(parts.map(Number));
}

/** RFC 4291 2.2; a zone, which means nothing elsewhere, is left out. */
function six(text: string): Buffer | undefined {
  const [plain = ''] = text.split('%');
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [before = [], after = []] = halves.map(groups);
  const missing = 8 - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...new Array<number>(missing).fill(0), ...after];
  if (!all.every((group) => group >= 0 && group <= 0xffff)) return undefined;
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const quad = four(group);
    if (quad !== undefined) return [quad.readUInt16BE(0), quad.readUInt16BE(2)];
    return [/^[0-9a-fA-F]{1,4}$/.test(group) ? Number.parseInt(group, 16) : -1];
  });
}
