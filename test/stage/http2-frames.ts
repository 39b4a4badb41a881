/** The beginning of every HTTP/2 connection. */
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** One HTTP/2 frame (RFC 9113 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
/** SETTINGS that sets nothing. */
export const settings = frame(4, 0, 0);
/** Octets of no meaning, the same each time. */
export const noise = (count: number) =>
  Buffer.from(Uint8Array.from({ length: count }, (_one, at) => (at * 7919 + (at >> 5) * 104_729) & 255));
/** HEADERS that opens a stream: ":method: POST", ":scheme: https", ":path: /" by HPACK's static table. */
export const open = (stream: number, flags = 4) => frame(1, flags, stream, Buffer.from([0x83, 0x87, 0x84]));
