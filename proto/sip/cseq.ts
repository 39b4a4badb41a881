import { isDigit } from './octet.js';
import { octetsOf, type Source } from './octets.js';
import { skipSpace, tokenEnd } from './parameter.js';
import { SipError } from './sip-error.js';

/** A CSeq value (RFC 3261 20.16). */
export interface CSeq {
  /** 0 to 2^31 - 1 (RFC 3261 8.1.1.5). */
  readonly number: number;
  readonly method: string;
}

/** Reads the CSeq value in [start, end). Throws SipError 'cseq'. */
export function parseCSeq(source: Source, start: number, end: number): CSeq {
  const { buffer, start: base, head } = octetsOf(source, start, end);
  const number = cseqNumber(buffer, base + start, base + end);
  const method = cseqMethodStart(buffer, base + start, base + end);
  if (number < 0 || method < 0) throw new SipError('cseq', 'CSeq is not a number below 2^31 and a method');
  return { number, method: head.slice(method - base, end) };
}

/** The number alone; -1 if it breaks the grammar or is 2^31 or more. Hot path. */
export function cseqNumber(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  let i = start;
  for (; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (!isDigit(code)) break;
    number = number * 10 + code - 0x30;
    if (number > 0x7fffffff) return -1;
  }
  return i === start ? -1 : number;
}

/** Where the method begins, which then reaches to `end`; -1 if there is none or something follows it. Hot path. */
export function cseqMethodStart(bytes: Uint8Array, start: number, end: number): number {
  let digits = start;
  while (digits < end && isDigit(bytes[digits] ?? 0)) digits++;
  const method = skipSpace(bytes, digits, end);
  if (method === digits || method === end) return -1;
  return tokenEnd(bytes, method, end) === end ? method : -1;
}
