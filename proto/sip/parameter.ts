import { isSpace, isToken, isValue } from './octet.js';

/**
 * The pieces that parameters, display names and list values are made of (RFC 3261 25.1), read from bytes[at, end). Indices are the buffer's.
 * Nothing is allocated. In a head that the scan let through, CR and LF inside a value are always a fold, so they count as white space.
 */

/** Behind white space and folds. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isSpace(bytes[i] ?? 0)) i++;
  return i;
}

/** The end of bytes[start, end) without trailing white space and folds. */
export function trimSpace(bytes: Uint8Array, start: number, end: number): number {
  let i = end;
  while (i > start && isSpace(bytes[i - 1] ?? 0)) i--;
  return i;
}

/** Behind the token that begins at `at`; `at` itself if there is none. */
export function tokenEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isToken(bytes[i] ?? 0)) i++;
  return i;
}

/** Behind the quoted string whose opening quote is at `at`; -1 if it does not end. */
export function quotedEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    const code = bytes[i];
    if (code === 0x22) return i + 1;
    if (code === 0x5c) i++;
  }
  return -1;
}

/**
 * Behind the parameter value at `at`: a quoted string, or a run without white space, controls, `;`, `,`, `<`, `>` and quotes, which is wider
 * than `token / host` because tags with `/` or `=` exist. -1 if there is none. What follows it is the caller's to judge.
 */
export function parameterValueEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isValue(bytes[i] ?? 0)) i++;
  if (i > at) return i;
  return at < end && bytes[at] === 0x22 ? quotedEnd(bytes, at, end) : -1;
}

/** A name to compare with: lower-case letters, digits, `.` and `-` as bytes. */
export function nameBytes(lower: string): Uint8Array {
  return Uint8Array.from(lower, (letter) => letter.charCodeAt(0));
}

/** Whether bytes[start, end) reads `lower` in any letter case. */
export function readsAs(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const want = lower[i] ?? 0;
    const got = bytes[start + i] ?? 0;
    if (got !== want && ((got | 0x20) !== want || want < 0x61)) return false;
  }
  return true;
}

/** What a parameter list calls for each parameter; valueStart = valueEnd for a flag. Returning false ends the walk as malformed. */
export type ParameterVisitor = (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => boolean;

/**
 * Walks *( SEMI name [ EQUAL value ] ) over the whole of bytes[at, end). Returns false if it is anything else.
 * Not for the hot path, which inlines the walk to spare the closure.
 */
export function walkParameters(bytes: Uint8Array, at: number, end: number, visit: ParameterVisitor): boolean {
  let i = skipSpace(bytes, at, end);
  while (i < end) {
    if (bytes[i] !== 0x3b) return false;
    const nameStart = skipSpace(bytes, i + 1, end);
    const nameEnd = tokenEnd(bytes, nameStart, end);
    if (nameEnd === nameStart) return false;
    i = skipSpace(bytes, nameEnd, end);
    let valueStart = nameEnd;
    let valueEnd = nameEnd;
    if (i < end && bytes[i] === 0x3d) {
      valueStart = skipSpace(bytes, i + 1, end);
      valueEnd = parameterValueEnd(bytes, valueStart, end);
      if (valueEnd < 0) return false;
      i = skipSpace(bytes, valueEnd, end);
    }
    if (!visit(nameStart, nameEnd, valueStart, valueEnd)) return false;
  }
  return true;
}
