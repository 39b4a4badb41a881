import { createNameTable } from './name-table.js';
import { isDigit } from './octet.js';
import { nameBytes, readsAs, tokenEnd } from './parameter.js';
import type { SipErrorCode } from './sip-error.js';

/** The first line of a message. Where `fault` is not '' the rest is what could be made out. */
export interface StartLine {
  /** '' in a response. */
  readonly method: string;
  /** 0 in a request, -1 in a response whose status cannot be read. */
  readonly status: number;
  readonly uriStart: number;
  readonly uriEnd: number;
  readonly fault: SipErrorCode | '';
  /** False: the line names no SIP version, so the peer speaks something else. */
  readonly isSip: boolean;
}

const space = 0x20;
const slash = 0x2f;

/**
 * Reads the start line text[0, end), which stands at bytes[base]: a Request-Line or Status-Line (RFC 3261 7.1, 7.2), with exactly the spaces
 * they have.
 */
export function readStartLine(text: string, bytes: Uint8Array, base: number, end: number): StartLine {
  if (isSipName(bytes, base) && bytes[base + 3] === slash) return readStatusLine(bytes, base, end);
  const methodEnd = tokenEnd(bytes, base, base + end) - base;
  // What follows the Request-URI is a space and the seven characters of SIP/2.0.
  const uriEnd = end - 8;
  if (
    methodEnd > 0 &&
    bytes[base + methodEnd] === space &&
    methodEnd + 1 < uriEnd &&
    bytes[base + uriEnd] === space &&
    isVersion(bytes, base + uriEnd + 1) &&
    isOneWord(bytes, base + methodEnd + 1, base + uriEnd)
  ) {
    const method = methods(bytes, base, base + methodEnd) ?? text.slice(0, methodEnd);
    return { method, status: 0, uriStart: methodEnd + 1, uriEnd, fault: '', isSip: true };
  }
  return readBadRequestLine(text, end);
}

/** What can be made out of a request line that breaks the grammar, so that it can be answered. */
function readBadRequestLine(text: string, end: number): StartLine {
  const line = text.slice(0, end).trim();
  const last = line.slice(Math.max(line.lastIndexOf(' '), line.lastIndexOf('\t')) + 1).toUpperCase();
  const isSip = last.startsWith('SIP/') && last.length < line.length;
  const methodEnd = line.search(/[^!-~]/);
  return {
    method: methodEnd > 0 ? line.slice(0, methodEnd) : '',
    status: 0,
    uriStart: 0,
    uriEnd: 0,
    fault: isSip && last !== 'SIP/2.0' ? 'version' : 'start-line',
    isSip,
  };
}

function readStatusLine(bytes: Uint8Array, base: number, end: number): StartLine {
  const status = 100 * digitAt(bytes, base + 8) + 10 * digitAt(bytes, base + 9) + digitAt(bytes, base + 10);
  const isTwo = isVersion(bytes, base);
  // RFC 3261 7.2: SP, three digits, SP, and a phrase that may be empty.
  const isSound = end > 11 && bytes[base + 7] === space && bytes[base + 11] === space && status >= 100 && status < 700;
  if (isSound && isTwo) return { method: '', status, uriStart: 0, uriEnd: 0, fault: '', isSip: true };
  return { method: '', status: -1, uriStart: 0, uriEnd: 0, fault: isTwo ? 'start-line' : 'version', isSip: true };
}

function digitAt(bytes: Uint8Array, at: number): number {
  const code = bytes[at] ?? 0;
  return isDigit(code) ? code - 0x30 : Number.NaN;
}

function isOneWord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) <= space) return false;
  return true;
}

/** SIP in any letter case (RFC 3261 7.1: the version is case-insensitive). */
function isSipName(bytes: Uint8Array, at: number): boolean {
  return readsAs(bytes, at, at + 3, sip);
}

function isVersion(bytes: Uint8Array, at: number): boolean {
  return readsAs(bytes, at, at + 7, version);
}

const sip = nameBytes('sip');
const version = nameBytes('sip/2.0');

/** Known methods as constants: they compare by identity and do not keep a head alive. */
const methods = createNameTable(
  [
    'INVITE',
    'ACK',
    'BYE',
    'CANCEL',
    'OPTIONS',
    'MESSAGE',
    'SUBSCRIBE',
    'NOTIFY',
    'PUBLISH',
    'INFO',
    'REFER',
    'UPDATE',
    'PRACK',
    'REGISTER',
  ].map((method) => [method, method] as const),
  false,
);
