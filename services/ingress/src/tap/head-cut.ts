import { Header, type HeaderId, headerIdOf } from '@guildhall/proto/sip/header-name';

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const colon = 0x3a;
const space = 0x20;
const tab = 0x09;

/** Where the head of the message bytes[start, end) ends, its empty line included; `end` where it has none. */
export function headEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = bytes.indexOf(lineFeed, start); at >= 0 && at < end; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed && at + 3 <= end) return at + 3;
  }
  return end;
}

/** The value of the first header field with this id in the head bytes[start, end), as sent and trimmed; '' where there is none. */
export function fieldOf(bytes: Buffer, start: number, end: number, id: HeaderId): string {
  let line = bytes.indexOf(lineFeed, start) + 1;
  while (line > 0 && line < end) {
    const next = bytes.indexOf(lineFeed, line) + 1;
    const until = next > 0 && next <= end ? next : end;
    const at = bytes.indexOf(colon, line);
    if (at > line && at < until && headerIdOf(bytes, line, nameEnd(bytes, line, at)) === id) {
      return bytes.toString('latin1', at + 1, until).trim();
    }
    if (next === 0) break;
    line = next;
  }
  return '';
}

function nameEnd(bytes: Buffer, start: number, at: number): number {
  let end = at;
  while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end -= 1;
  return end;
}

/** Call-ID of a head, see `fieldOf`. */
export function callIdOf(bytes: Buffer, start: number, end: number): string {
  return fieldOf(bytes, start, end, Header.callId);
}

/** What is written in place of credentials. */
const cut = '(cut)';
/** RFC 3261 20.7, 20.28: from these a password can be guessed by whoever gets to read them. */
const credentials = /^((?:proxy-)?authorization[ \t]*:)[^\r\n]*(?:\r\n[ \t][^\r\n]*)*/gim;

/**
 * Start line and headers of the message bytes[start, end), a copy, with the values of Authorization and Proxy-Authorization cut; what is
 * behind `most` bytes is cut too. The body is not in it: `bodyBytes` says how long it was.
 */
export function headOnly(bytes: Buffer, start: number, end: number, most: number): { head: Buffer; bodyBytes: number } {
  const until = headEnd(bytes, start, end);
  return { head: withoutCredentials(bytes.subarray(start, until)).subarray(0, most), bodyBytes: end - until };
}

/** A copy of a head without credentials. */
export function withoutCredentials(head: Buffer): Buffer {
  const text = head.toString('latin1');
  return Buffer.from(/authorization/i.test(text) ? text.replace(credentials, `$1 ${cut}`) : text, 'latin1');
}
