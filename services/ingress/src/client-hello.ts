/** What the first bytes of a connection are: a ClientHello that is still coming, one that is whole, or something else. */
export type FirstWords = 'more' | 'whole' | 'no-tls';

/** RFC 8446 5.1: a record of the handshake, its version 3.x, its length; RFC 8446 4: a ClientHello in it. */
const record = { handshake: 22, major: 3, head: 5, longest: 16_384, clientHello: 1 } as const;

/** The most bytes that can be needed to know: one whole record. */
export const longestHello = record.head + record.longest;

/**
 * Looks at what a connection said first, before TLS is begun and costs anything. The first record is enough: a hello that is spread over
 * several goes on while its handshake is on.
 */
export function clientHello(bytes: Buffer): FirstWords {
  const { length } = bytes;
  if (length > 0 && bytes[0] !== record.handshake) return 'no-tls';
  if (length > 1 && bytes[1] !== record.major) return 'no-tls';
  if (length < record.head) return 'more';
  const said = bytes.readUInt16BE(3);
  if (said === 0 || said > record.longest || (length > record.head && bytes[record.head] !== record.clientHello)) return 'no-tls';
  return length < record.head + said ? 'more' : 'whole';
}
