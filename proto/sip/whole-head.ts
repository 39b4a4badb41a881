import { fillTable, noLength } from './field-table.js';
import type { HeadScan } from './head.js';
import type { Message } from './message.js';
import type { SipErrorCode } from './sip-error.js';
import { readStartLine, type StartLine } from './start-line.js';

declare global {
  interface Buffer {
    /** Node's own primitive under `toString('latin1', start, end)`, without its look at the encoding's name. */
    latin1Slice(start: number, end: number): string;
  }
}

/** A head whose end was found, read: all of a Message but where its bytes are. */
export interface Head {
  readonly text: string;
  readonly line: StartLine;
  readonly table: readonly number[];
  /** Bytes of body that Content-Length announces; meaningless if `broken`. */
  readonly bodyLength: number;
  /** Why the message must not pass although its end is known, or ''. */
  readonly fault: SipErrorCode | '';
  /** Why its end is not known, or ''. */
  readonly broken: SipErrorCode | '';
}

/** Reads the head that `scan` found at buffer[start]: the one place where a head becomes text, fields, start line and length. */
export function readWholeHead(scan: HeadScan, buffer: Buffer, start: number): Head {
  const text = headText(scan, buffer, start, start + scan.at);
  // A copy of the right size is cheaper to make than a table that grows.
  const table = scan.table.slice(0, scan.used);
  const bodyLength = fillTable(table, buffer, start, text.length - 2);
  const line = readStartLine(text, buffer, start, scan.startLineEnd);
  let broken: SipErrorCode | '' = '';
  if (!line.isSip) broken = 'start-line';
  else if (bodyLength === noLength) broken = 'content-length';
  let fault = line.fault === '' ? scan.fault : line.fault;
  if (fault === '' && text.length + bodyLength > scan.limits.messageBytes) fault = 'message-too-large';
  return { text, line, table, bodyLength, fault, broken };
}

/**
 * What can be read of a head whose scan broke off: the request with the fields before the broken one, or undefined where that is no request.
 * Its text gets an empty line, so that it reads like any other.
 */
export function readPartialHead(scan: HeadScan, buffer: Buffer, start: number): Message | undefined {
  if (scan.startLineEnd < 0 || scan.lineStart === 0) return undefined;
  const fields = headText(scan, buffer, start, start + scan.lineStart);
  const line = readStartLine(fields, buffer, start, scan.startLineEnd);
  if (line.fault !== '' || line.status !== 0) return undefined;
  const whole = scan.table[scan.used - 3] === scan.lineStart ? scan.used - 4 : scan.used;
  const table = scan.table.slice(0, whole);
  fillTable(table, buffer, start, fields.length);
  const read: Head = { text: `${fields}\r\n`, line, table, bodyLength: 0, fault: '', broken: '' };
  return messageOf(read, buffer, start, start + scan.lineStart);
}

/** The Message of a head whose bytes are buffer[start, end): the one place where messages are made, so all have the same shape in memory. */
export function messageOf(head: Head, buffer: Buffer, start: number, end: number): Message {
  const line = head.line;
  return {
    buffer,
    start,
    end,
    head: head.text,
    method: line.method,
    status: line.status,
    uriStart: line.uriStart,
    uriEnd: line.uriEnd,
    table: head.table,
  };
}

/** latin1 is byte-exact. A NUL, which only a refused head may have, becomes a space lest it get into our answer. */
function headText(scan: HeadScan, buffer: Buffer, start: number, end: number): string {
  const text = buffer.latin1Slice(start, end);
  return scan.fault === '' ? text : text.replaceAll('\0', ' ');
}
