import { lowerHost } from './host.js';
import type { Octets } from './octets.js';
import { SipError } from './sip-error.js';
import { viaError } from './via.js';
import { createViaSpans, scanVia } from './via-scan.js';

/** Who sent a request, as its connection knows it. */
export interface Sender {
  /** An address without brackets; '' when it is not known, then the sender's Via stays as it is. */
  readonly host: string;
  readonly port: string;
  /** The `received` parameter that names it, made once for all its requests. */
  readonly received: string;
}

/** Stands for a sender whose address could not be read: no Via is changed for it. */
export const unknownSender: Sender = { host: '', port: '', received: '' };

/** Filled by each `receivedVia` and read before it returns. */
const via = createViaSpans();

/** Reads "address:port", an IPv6 address with or without brackets. */
export function readSender(text: string): Sender {
  const colon = text.lastIndexOf(':');
  if (colon < 1) return unknownSender;
  const written = text.slice(0, colon);
  const host = written.startsWith('[') && written.endsWith(']') ? written.slice(1, -1) : written;
  return { host, port: text.slice(colon + 1), received: `;received=${host}` };
}

/**
 * The Via field in request.head[start, end) with what was seen of its sender in its first value: `received` where sent-by names another
 * host (RFC 3261 18.2.1), `rport` where it was asked for (RFC 3581). Undefined when there is nothing to add. `from`: where the text
 * is to begin, if before the field. Throws SipError 'via'. Hot path.
 */
export function receivedVia(request: Octets, start: number, end: number, sender: Sender, from = start): string | undefined {
  if (sender.host === '') return undefined;
  const { buffer, start: base, head } = request;
  const fault = scanVia(buffer, base + start, base + end, via);
  if (fault !== '') throw viaError(fault);
  const elsewhere = !isSentBy(request, via.host - base, via.hostEnd - base, sender.host);
  const asked = via.rport > 0 && !via.rportIsFilled;
  const last = via.last - base;
  // RFC 3581 4: with rport goes received, even where the address equals sent-by.
  const received = (elsewhere || asked) && via.received <= 0 ? sender.received : '';
  if (!asked) return received === '' ? undefined : head.slice(from, last) + received + head.slice(last, end);
  const rport = via.rport - base;
  return `${head.slice(from, rport)}=${sender.port}${head.slice(rport, last)}${received}${head.slice(last, end)}`;
}

/** Whether the sent-by host in request.head[start, end) is this address; most are of another length, which costs no text. */
function isSentBy(request: Octets, start: number, end: number, address: string): boolean {
  const beyond = end - start - address.length;
  if (beyond !== 0 && beyond !== 2) return false;
  const host = lowerHost(request, start, end);
  return beyond === 0 ? host === address : host === `[${address}]`;
}

/** The same for a request that may be broken: its Via as it came where it cannot be read. */
export function receivedViaIfSound(request: Octets, start: number, end: number, sender: Sender): string | undefined {
  try {
    return receivedVia(request, start, end, sender);
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}
