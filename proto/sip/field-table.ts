import { Header, headerIdOf } from './header-name.js';
import { isDigit, isSpace } from './octet.js';
import { skipSpace, trimSpace } from './parameter.js';

/** Returned by `fillTable` instead of a length when there is not exactly one good Content-Length. */
export const noLength = -1;

/**
 * Turns the scan's table (0, lineStart, colon, 0) into a Message's (id, lineStart, valueStart, valueEnd), in place. The message begins at
 * bytes[base] and `end` is the offset behind the last field's CRLF. Returns the body's length: the value of the one Content-Length of 1 to 9
 * digits, or `noLength`.
 */
export function fillTable(table: number[], bytes: Uint8Array, base: number, end: number): number {
  let bodyLength = noLength;
  let lengths = 0;
  // From the last field to the first, because each ends where the next begins.
  let lineEnd = base + end;
  for (let at = table.length - 4; at >= 0; at -= 4) {
    const lineStart = base + (table[at + 1] ?? 0);
    const colon = base + (table[at + 2] ?? 0);
    // A line that is no header field has its colon at its start.
    const isField = colon > lineStart;
    const nameEnd = isField && isSpace(bytes[colon - 1] ?? 0) ? trimSpace(bytes, lineStart, colon) : colon;
    const id = isField ? headerIdOf(bytes, lineStart, nameEnd) : Header.other;
    let valueEnd = lineEnd - 2;
    let valueStart = isField ? colon + 1 : colon;
    if (bytes[valueStart] === 0x20) valueStart++;
    if (isSpace(bytes[valueStart] ?? 0)) valueStart = skipSpace(bytes, valueStart, valueEnd);
    if (valueStart > valueEnd) valueStart = valueEnd;
    if (valueEnd > valueStart && isSpace(bytes[valueEnd - 1] ?? 0)) valueEnd = trimSpace(bytes, valueStart, valueEnd);
    table[at] = id;
    table[at + 2] = valueStart - base;
    table[at + 3] = valueEnd - base;
    if (id === Header.contentLength) {
      lengths++;
      bodyLength = readLength(bytes, valueStart, valueEnd);
    }
    lineEnd = lineStart;
  }
  return lengths === 1 ? bodyLength : noLength;
}

function readLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 9) return noLength;
  let length = 0;
  for (let i = start; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (!isDigit(code)) return noLength;
    length = length * 10 + code - 0x30;
  }
  return length;
}
