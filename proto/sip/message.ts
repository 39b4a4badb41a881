import { createHeadScan, resetHeadScan, scanHead } from './head.js';
import { defaultLimits, type SipLimits } from './limits.js';
import { SipError } from './sip-error.js';
import { messageOf, readWholeHead } from './whole-head.js';

/**
 * One SIP message as a view: nothing is copied out of `buffer` but the head, once, as latin1 text (byte-exact, never utf8).
 * Offsets in `table` and of the URI are into `head`; head[i] is the byte buffer[start + i].
 * The buffer belongs to whoever fed it and must not be written to while the message is in use.
 */
export interface Message {
  readonly buffer: Buffer;
  /** Where the message begins and ends (exclusive) in `buffer`. */
  readonly start: number;
  readonly end: number;
  /** Start line, header lines and the empty line. */
  readonly head: string;
  /** As sent (methods are case-sensitive, RFC 3261 7.1); '' in a response. */
  readonly method: string;
  /** 100..699; 0 in a request; -1 in a refused response whose status cannot be read. */
  readonly status: number;
  /** Request-URI in `head`; both 0 in a response. */
  readonly uriStart: number;
  readonly uriEnd: number;
  /** Four numbers a header field: id (see `Header`), lineStart, valueStart, valueEnd. Folded lines belong to their field. */
  readonly table: readonly number[];
}

/** False for every response, also one whose status cannot be read. */
export function isRequest(m: Message): boolean {
  return m.status === 0;
}

/** The Request-URI as sent. '' in a response. */
export function requestUri(m: Message): string {
  return m.head.slice(m.uriStart, m.uriEnd);
}

/** How many header fields. */
export function headerCount(m: Message): number {
  return m.table.length >> 2;
}

/** Index of the first header field with this id, or -1. */
export function firstHeader(m: Message, id: number): number {
  return nextHeader(m, id, -1);
}

/** Index of the next header field with this id behind index `after`, or -1. */
export function nextHeader(m: Message, id: number, after: number): number {
  const table = m.table;
  for (let at = (after + 1) << 2; at < table.length; at += 4) {
    if (table[at] === id) return at >> 2;
  }
  return -1;
}

/** Where the line of header `index` begins in `head`. 0 for an index that does not exist. */
export function headerLineStart(m: Message, index: number): number {
  return m.table[(index << 2) + 1] ?? 0;
}

/** Where the line(s) of header `index` end in `head`, behind the CRLF: the start of the next line. */
export function headerLineEnd(m: Message, index: number): number {
  return m.table[(index << 2) + 5] ?? m.head.length - 2;
}

/** Where the value begins, behind colon and white space. */
export function headerValueStart(m: Message, index: number): number {
  return m.table[(index << 2) + 2] ?? 0;
}

/** Where the value ends, before trailing white space. */
export function headerValueEnd(m: Message, index: number): number {
  return m.table[(index << 2) + 3] ?? 0;
}

/** The value of header `index`, a fold read as one space (RFC 3261 7.3.1), trimmed. */
export function headerValue(m: Message, index: number): string {
  const text = m.head.slice(headerValueStart(m, index), headerValueEnd(m, index));
  return text.includes('\r') ? text.replace(/\r\n[ \t]+/g, ' ') : text;
}

/** The body as a view. */
export function bodyBytes(m: Message): Buffer {
  return m.buffer.subarray(m.start + m.head.length, m.end);
}

/** The whole message as a view, exactly the bytes that came. */
export function wireBytes(m: Message): Buffer {
  return m.buffer.subarray(m.start, m.end);
}

/** Of the message that `parseMessage` reads: done with before it returns. */
let scan = createHeadScan(defaultLimits);

/**
 * Reads exactly one whole message that fills bytes[start, end) (the bus carries them end to end in one buffer). The same rules as the stream
 * reader. Throws SipError.
 */
export function parseMessage(bytes: Buffer, limits: SipLimits, start = 0, end = bytes.length): Message {
  if (scan.limits !== limits) scan = createHeadScan(limits);
  else resetHeadScan(scan);
  if (!scanHead(scan, bytes, start, end)) throw new SipError('incomplete');
  if (scan.broken !== '') throw new SipError(scan.broken);
  const head = readWholeHead(scan, bytes, start);
  const wrong = head.broken === '' ? head.fault : head.broken;
  if (wrong !== '') throw new SipError(wrong);
  if (start + head.text.length + head.bodyLength !== end) throw new SipError('incomplete');
  return messageOf(head, bytes, start, end);
}
