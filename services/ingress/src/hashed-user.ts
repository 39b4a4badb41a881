import { type PackedColumn, putNumber, putTag, room, wireType } from '@guildhall/chassis/packed-column';
import { hashCharacters, type KeyedHash } from '@guildhall/chassis/user-hash';

/** What a character may be in a plain URI: part of its user, of its host, or the end of the host too. */
const inUser = 1;
const inHost = 2;
const endsHost = 4;
const at = 0x40;
const tilde = 0x7e;

const kinds = new Uint8Array(128);
for (const [characters, kind] of [
  ['abcdefghijklmnopqrstuvwxyz0123456789', inUser | inHost | endsHost],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', inUser],
  ['.-', inUser | inHost],
  ["_!~*'()&=+$,/", inUser],
] as const) {
  for (const one of Buffer.from(characters, 'latin1')) kinds[one] = kind;
}

const base64url = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1');

/** A text whose length takes one byte. */
const longest = 127;

/**
 * Appends, as a text with the tag of its field in front, what `recordUser` with this hash makes of a SIP URI as nearly all are written: "~q3t...@acme.example"
 * for "sip:alice@acme.example". Returns how many bytes that text has; 0, and nothing was appended, for a URI written otherwise. Hot path: no text is made.
 */
export function putHashedUser(column: PackedColumn, field: number, uri: string, hash: KeyedHash): number {
  const user = uri.startsWith('sip:') ? 4 : uri.startsWith('sips:') ? 5 : -1;
  if (user < 0) return 0;
  const host = plainHost(uri, user);
  const length = 1 + hashCharacters + 1 + uri.length - host;
  if (host < 0 || length > longest) return 0;
  hash.of(uri, user, uri.length);
  putTag(column, field, wireType.bytes);
  putNumber(column, length);
  room(column, length);
  const { bytes } = column;
  let place = column.length;
  bytes[place] = tilde;
  place = putBase64(bytes, place + 1, hash.low, hash.high);
  bytes[place] = at;
  place += 1;
  for (let i = host; i < uri.length; i += 1, place += 1) bytes[place] = uri.charCodeAt(i);
  column.length = place;
  return length;
}

/** Where the host of a URI begins whose user begins at `start`; -1 where not all of it is plain. */
function plainHost(uri: string, start: number): number {
  let i = start;
  while (i < uri.length && ((kinds[uri.charCodeAt(i)] ?? 0) & inUser) !== 0) i += 1;
  if (i === start || uri.charCodeAt(i) !== at) return -1;
  const host = i + 1;
  for (i = host; i < uri.length; i += 1) if (((kinds[uri.charCodeAt(i)] ?? 0) & inHost) === 0) return -1;
  return i > host && ((kinds[uri.charCodeAt(i - 1)] ?? 0) & endsHost) !== 0 ? host : -1;
}

/** 8 bytes, little end first, as 11 characters: twice three bytes, and two. */
function putBase64(bytes: Buffer, from: number, low: number, high: number): number {
  const first = ((low & 0xff) << 16) | (low & 0xff00) | ((low >>> 16) & 0xff);
  const second = ((low >>> 24) << 16) | ((high & 0xff) << 8) | ((high >>> 8) & 0xff);
  const third = (((high >>> 16) & 0xff) << 16) | ((high >>> 24) << 8);
  putThree(bytes, from, first);
  putThree(bytes, from + 4, second);
  bytes[from + 8] = base64url[third >>> 18] ?? 0;
  bytes[from + 9] = base64url[(third >>> 12) & 63] ?? 0;
  bytes[from + 10] = base64url[(third >>> 6) & 63] ?? 0;
  return from + hashCharacters;
}

function putThree(bytes: Buffer, from: number, three: number): void {
  bytes[from] = base64url[three >>> 18] ?? 0;
  bytes[from + 1] = base64url[(three >>> 12) & 63] ?? 0;
  bytes[from + 2] = base64url[(three >>> 6) & 63] ?? 0;
  bytes[from + 3] = base64url[three & 63] ?? 0;
}
