import { cseqNumber } from '@guildhall/proto/sip/cseq';
import { Header } from '@guildhall/proto/sip/header-name';
import { lowerHost } from '@guildhall/proto/sip/host';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import {
  firstHeader,
  headerLineEnd,
  headerValue,
  headerValueEnd,
  headerValueStart,
  type Message,
  nextHeader,
  parseMessage,
} from '@guildhall/proto/sip/message';
import { createViaSpans, scanVia, type ViaSpans } from '@guildhall/proto/sip/via-scan';

/** Where the Vias of a request are in its bytes, so that those of its answers can be held against them. */
export interface ViaPlaces {
  /** The value of the topmost field. */
  viaAt: number;
  viaEnd: number;
  /** Behind the last field's line; that of the topmost where there is but one. */
  viasEnd: number;
}

/** Notes where they are; a request has one at least. Hot path. */
export function noteVias(places: ViaPlaces, request: Message): void {
  const index = firstHeader(request, Header.via);
  if (index < 0) return;
  places.viaAt = headerValueStart(request, index);
  places.viaEnd = headerValueEnd(request, index);
  places.viasEnd = headerLineEnd(request, lastVia(request, index));
}

/**
 * Whether what stands behind our Via in a response is what its request came with (RFC 3261 8.2.6.2). It is by the sender's branch and sent-by that
 * everybody on the way back knows whose answer it is, and who gets one with others than its own drops it (18.1.2), or with more (8.1.3.3): it would
 * have none. `ours` is our Via of it, scanned. Hot path.
 */
export type IsToSender = (response: Message, ours: ViaSpans, asked: ViaPlaces & { readonly bytes: Buffer }) => boolean;

const cookie = Uint8Array.from('z9hG4bK', (letter) => letter.charCodeAt(0));
const comma = 0x2c;

/** Reads of a request only what the answer does not settle byte for byte; `limits` are those it was read with. */
export function createIsToSender(limits: SipLimits): IsToSender {
  const answered = createViaSpans();
  const asked = createViaSpans();

  /** Whether the request's topmost Via reads as the answer's does, up to the branch, and no other value follows in its field. */
  const readsSame = (buffer: Buffer, request: Buffer, start: number, end: number): boolean => {
    const length = answered.branchEnd - answered.first;
    if (length > end - start) return false;
    for (let i = 0; i < length; i++) if (buffer[answered.first + i] !== request[start + i]) return false;
    for (let i = start + length; i < end; i++) if (request[i] === comma) return false;
    return start + length === end || isDelimiter(request[start + length] ?? 0);
  };

  const meansSame = (response: Message, request: Buffer, start: number, end: number): boolean => {
    if (scanVia(request, start, end, asked) !== '' || asked.next >= 0 || asked.port !== answered.port) return false;
    const head = request.toString('latin1', start, end);
    const host = lowerHost({ buffer: request, start, head }, asked.host - start, asked.hostEnd - start);
    if (host !== lowerHost(response, answered.host - response.start, answered.hostEnd - response.start)) return false;
    return request.compare(response.buffer, answered.branch, answered.branchEnd, asked.branch, asked.branchEnd) === 0;
  };

  return (response, ours, { bytes, viaAt, viaEnd, viasEnd }) => {
    const { buffer, start } = response;
    const first = firstHeader(response, Header.via);
    const index = ours.next >= 0 ? first : nextHeader(response, Header.via, first);
    if (index < 0) return false;
    const from = ours.next >= 0 ? ours.next : start + headerValueStart(response, index);
    if (scanVia(buffer, from, start + headerValueEnd(response, index), answered) !== '' || answered.branch === 0) return false;
    const isSure =
      answered.next < 0 &&
      startsWithCookie(buffer, answered.branch) &&
      (readsSame(buffer, bytes, viaAt, viaEnd) || meansSame(response, bytes, viaAt, viaEnd));
    if (isSure && restsAreSame(response, index, bytes, viaEnd, viasEnd)) return true;
    return isAnswerTo(response, index, from, parseMessage(bytes, limits));
  };
}

/** Whether the fields below the one with this index are, byte for byte, those of the request below its first. */
function restsAreSame(response: Message, index: number, request: Buffer, viaEnd: number, viasEnd: number): boolean {
  const from = response.start + headerValueEnd(response, index);
  const end = response.start + headerLineEnd(response, lastVia(response, index));
  return end - from === viasEnd - viaEnd && response.buffer.compare(request, viaEnd, viasEnd, from, end) === 0;
}

/** The same for whatever spelling: Via by Via, and for a branch of RFC 2543, which is not unique, with what is besides. Rare. */
function isAnswerTo(response: Message, index: number, from: number, request: Message): boolean {
  const top = firstHeader(request, Header.via);
  const wanted = viasOf(request, top, request.start + headerValueStart(request, top));
  const found = viasOf(response, index, from);
  if (wanted.length === 0 || wanted.length !== found.length || !wanted.every((via, at) => via !== '' && via === found[at])) return false;
  return (
    wanted[0]?.includes(' z9hG4bK') === true || (fieldIs(response, request, Header.callId) && numberOf(response) === numberOf(request))
  );
}

/** Sent-by and branch of each Via from here on; '' for one that cannot be read. */
function viasOf(m: Message, first: number, from: number): string[] {
  const vias: string[] = [];
  const spans = createViaSpans();
  let at = from;
  for (let index = first; index >= 0; index = nextHeader(m, Header.via, index)) {
    if (index !== first) at = m.start + headerValueStart(m, index);
    for (; at >= 0; at = spans.next) {
      if (scanVia(m.buffer, at, m.start + headerValueEnd(m, index), spans) !== '') return [...vias, ''];
      const host = lowerHost(m, spans.host - m.start, spans.hostEnd - m.start);
      vias.push(`${host}:${spans.port} ${m.buffer.toString('latin1', spans.branch, spans.branchEnd)}`);
    }
  }
  return vias;
}

function lastVia(m: Message, index: number): number {
  let last = index;
  for (let next = nextHeader(m, Header.via, last); next >= 0; next = nextHeader(m, Header.via, next)) last = next;
  return last;
}

function fieldIs(a: Message, b: Message, id: number): boolean {
  const [one, other] = [firstHeader(a, id), firstHeader(b, id)];
  return one >= 0 && other >= 0 && headerValue(a, one) === headerValue(b, other);
}

function numberOf(m: Message): number {
  const index = firstHeader(m, Header.cseq);
  return index < 0 ? -1 : cseqNumber(m.buffer, m.start + headerValueStart(m, index), m.start + headerValueEnd(m, index));
}

function startsWithCookie(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < cookie.length; i++) if (bytes[at + i] !== cookie[i]) return false;
  return true;
}

/** What may follow a parameter's value. */
function isDelimiter(code: number): boolean {
  return code === 0x3b || code === 0x20 || code === 0x09 || code === 0x0d;
}
