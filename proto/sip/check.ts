import { type AddressSpans, createAddressSpans, scanAddress } from './address-scan.js';
import { cseqMethodStart, cseqNumber } from './cseq.js';
import { Header } from './header-name.js';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from './message.js';
import { isDigit } from './octet.js';
import { octetsOf, type Source } from './octets.js';
import { routeEntries } from './route.js';
import { SipError } from './sip-error.js';
import { parseUri } from './uri.js';
import { createUriSpans, scanUri, schemeOf } from './uri-scan.js';
import { viaError } from './via.js';
import { createViaSpans, scanVia, type ViaSpans } from './via-scan.js';

/**
 * What a proxy must validate before it does anything with a request (RFC 3261 16.3 steps 1 and 2): Request-URI grammar and scheme (416),
 * To, From, CSeq and Call-ID once each and well-formed, every Via and Route value well-formed, at most one Max-Forwards (0..255), Event and
 * Content-Type, CSeq method equal to the method. Returns what is wrong, or undefined. Hot path; never throws.
 */
export function checkRequest(m: Message): SipError | undefined {
  return checkRequestUri(m) ?? checkFields(m);
}

/** The same for a response, which is dropped when anything is wrong: nobody can be told. */
export function checkResponse(m: Message): SipError | undefined {
  return checkFields(m);
}

function checkRequestUri(m: Message): SipError | undefined {
  const { buffer, start: base, head, uriStart } = m;
  const end = base + m.uriEnd;
  const spans = scratch.uri;
  if (scanUri(buffer, base + uriStart, end, spans) !== end) return new SipError('uri', 'the Request-URI breaks the grammar');
  if (spans.host >= 0) {
    // RFC 3261 19.1.1: header fields are not allowed in a Request-URI.
    for (let i = spans.tail; i < end; i++) if (buffer[i] === 0x3f) return new SipError('uri', 'a Request-URI with header fields');
    return undefined;
  }
  if (schemeOf(head, uriStart, m.uriEnd) !== 'tel') return new SipError('scheme');
  return caught(() => parseUri(head.slice(uriStart, m.uriEnd)));
}

/** Bits for the fields that may appear once, by header id. */
const seenBit: readonly number[] = buildSeenBits();

function buildSeenBits(): number[] {
  const bits: number[] = Array.from({ length: 64 }, () => 0);
  const once = [Header.to, Header.from, Header.cseq, Header.callId, Header.maxForwards, Header.event, Header.contentType, Header.expires];
  once.forEach((id, bit) => {
    bits[id] = 1 << bit;
  });
  return bits;
}

/** To, From, CSeq, Call-ID: the first four of `seenBit`. */
const mandatory = 0b1111;

function checkFields(m: Message): SipError | undefined {
  const table = m.table;
  checked = undefined;
  let seen = 0;
  let hasVia = false;
  let hasRoute = false;
  for (let at = 0; at < table.length; at += 4) {
    const id = table[at] ?? 0;
    if (id === Header.other) continue;
    const bit = seenBit[id] ?? 0;
    if ((seen & bit) !== 0) return new SipError('repeated-header');
    seen |= bit;
    hasVia = hasVia || id === Header.via;
    hasRoute = hasRoute || id === Header.route;
    const wrong = checkField(m, at, id);
    if (wrong !== undefined) return wrong;
  }
  if (!hasVia || (seen & mandatory) !== mandatory) return new SipError('missing-header', missing(seen, hasVia));
  checked = m;
  return hasRoute ? caught(() => routeEntries(m, Header.route)) : undefined;
}

/** Filled by each look at a part and read before that returns: 300 bytes less to collect a message. */
const scratch = { via: createViaSpans(), from: createAddressSpans(), to: createAddressSpans(), uri: createUriSpans() };
/** Whose From and To `scratch` has: what they say is asked for again right after the check. */
let checked: Message | undefined;

/** The parts of the first From or To, of which the check has found where they are; undefined for none that can be read. Valid until the next check. Hot path. */
export function addressParts(m: Message, id: typeof Header.from | typeof Header.to): AddressSpans | undefined {
  const spans = id === Header.from ? scratch.from : scratch.to;
  if (checked === m) return spans;
  checked = undefined;
  const at = firstHeader(m, id);
  if (at < 0) return undefined;
  return scanAddress(m.buffer, m.start + headerValueStart(m, at), m.start + headerValueEnd(m, at), spans) ? spans : undefined;
}

function checkField(m: Message, at: number, id: number): SipError | undefined {
  const { buffer, start: base, table } = m;
  const start = base + (table[at + 2] ?? 0);
  const end = base + (table[at + 3] ?? 0);
  switch (id) {
    case Header.via:
      return checkVia(buffer, start, end, scratch.via);
    case Header.from:
      return scanAddress(buffer, start, end, scratch.from) ? undefined : new SipError('address', 'From breaks the grammar');
    case Header.to:
      return scanAddress(buffer, start, end, scratch.to) ? undefined : new SipError('address', 'To breaks the grammar');
    case Header.cseq:
      return checkCSeq(m, start, end);
    case Header.callId:
      return isCallId(buffer, start, end) ? undefined : new SipError('call-id');
    case Header.maxForwards:
      return maxForwards(buffer, start, end) < 0 ? new SipError('max-forwards') : undefined;
    default:
      return undefined;
  }
}

function missing(seen: number, hasVia: boolean): string {
  const names = ['To', 'From', 'CSeq', 'Call-ID'].filter((_, bit) => (seen & (1 << bit)) === 0);
  return `without ${(hasVia ? names : ['Via', ...names]).join(', ')}`;
}

function checkVia(bytes: Uint8Array, start: number, end: number, spans: ViaSpans): SipError | undefined {
  for (let at = start; at >= 0; at = spans.next) {
    const fault = scanVia(bytes, at, end, spans);
    if (fault !== '') return viaError(fault);
  }
  return undefined;
}

function checkCSeq(m: Message, start: number, end: number): SipError | undefined {
  if (cseqNumber(m.buffer, start, end) < 0) return new SipError('cseq', 'CSeq has no number below 2^31');
  const method = cseqMethodStart(m.buffer, start, end);
  if (method < 0) return new SipError('cseq', 'CSeq has no method');
  return m.status === 0 && !isMethodOf(m, method, end)
    ? new SipError('cseq', 'CSeq names another method than the request line')
    : undefined;
}

/** Whether the bytes are those at the beginning of the message, where a request has its method. */
function isMethodOf(m: Message, start: number, end: number): boolean {
  if (end - start !== m.method.length) return false;
  for (let i = start; i < end; i++) if (m.buffer[i] !== m.buffer[m.start + i - start]) return false;
  return true;
}

/** Wider than word [ "@" word ]: any run of visible bytes. */
function isCallId(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) <= 0x20) return false;
  return end > start;
}

/** The Max-Forwards value in [start, end), 0 to 255 with any leading zeros (RFC 3261 20.22); -1 for anything else. */
export function readMaxForwards(source: Source, start: number, end: number): number {
  const { buffer, start: base } = octetsOf(source, start, end);
  return maxForwards(buffer, base + start, base + end);
}

function maxForwards(bytes: Uint8Array, start: number, end: number): number {
  let hops = 0;
  for (let i = start; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (!isDigit(code)) return -1;
    hops = hops * 10 + code - 0x30;
    if (hops > 255) return -1;
  }
  return end === start ? -1 : hops;
}

function caught(read: () => unknown): SipError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return error instanceof SipError ? error : new SipError('header');
  }
}
