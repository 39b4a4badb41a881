/** Character classes of RFC 3261 25.1, each a look-up table over octets. */

const digits = '0123456789';
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function classOf(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const member of members) table[member.charCodeAt(0)] = 1;
  return table;
}

const tokens = classOf(`${digits}${letters}-.!%*_+\`'~`);
const hexes = classOf(`${digits}abcdefABCDEF`);
const hosts = classOf(`${digits}${letters}-._`);
const visible = Array.from({ length: 0xff - 0x20 }, (_, index) => String.fromCharCode(0x21 + index)).join('');
const uris = classOf(visible.replace(/[<>"\\\x7f]/g, ''));
const values = classOf(visible.replace(/[<>",;\x7f]/g, ''));

/** A character of `token`: methods, header names, parameter names, tags. */
export function isToken(code: number): boolean {
  return tokens[code] === 1;
}

/** An ASCII digit. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** A hexadecimal digit in either letter case. */
export function isHex(code: number): boolean {
  return hexes[code] === 1;
}

/**
 * A character of a host name or IPv4 address. Or an underscore: it is in no hostname, yet container and Windows names have them, so Via
 * sent-by does too.
 */
export function isHost(code: number): boolean {
  return hosts[code] === 1;
}

/** What a character is to a URI: nothing that may stand in it, an ordinary one, an `@`, or the `%` of an escape. */
export const UriClass = { none: 0, ordinary: 1, at: 2, percent: 3 } as const;

uris[0x40] = UriClass.at;
uris[0x25] = UriClass.percent;

/**
 * Wider than the grammar: a raw `#` or UTF-8 in a user part is common and harmless. Left out is what could end the URI for somebody else:
 * white space, controls, `<`, `>`, `"`, backslash.
 */
export function uriClass(code: number): number {
  return uris[code] ?? UriClass.none;
}

/** A character of a parameter value that is no quoted string, taken widely. */
export function isValue(code: number): boolean {
  return values[code] === 1;
}

/** Space, tab, or part of a fold: in a head that the reader let through, CR and LF inside a value are always a fold. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}
