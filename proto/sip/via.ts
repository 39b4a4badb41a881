import { lowerHost } from './host.js';
import { octetsOf, type Source } from './octets.js';
import { asksForLoss } from './overload-control.js';
import { SipError } from './sip-error.js';
import { createViaSpans, scanVia, type ViaFault } from './via-scan.js';

/** One Via value. Offsets are into the text it was read from. */
export interface Via {
  /** As sent: TLS, TCP, UDP, WS ... */
  readonly transport: string;
  /** Host of sent-by, lower case; an IPv6 reference keeps its brackets. */
  readonly host: string;
  /** Port of sent-by, 0 if none. */
  readonly port: number;
  /** '' if none. */
  readonly branch: string;
  /** Whether there is an rport parameter, filled or not (RFC 3581). */
  readonly hasRport: boolean;
  /** Behind the name `rport` of one without value: where `=port` is to be put; -1 if there is none or it is filled. */
  readonly rportAt: number;
  /** '' if none. */
  readonly received: string;
  /**
   * Whether there is an `oc`: its sender holds back when it is told to (RFC 7339 4). `loss`: in percent, with an `oc-algo` that names that or
   * without one; `other`: only in ways that are not ours; '': not at all.
   */
  readonly overload: '' | 'loss' | 'other';
  /** This value: from its first character to behind its last, without white space and comma. New parameters go in at `end`. */
  readonly start: number;
  readonly end: number;
  /** Start of the next value in the same field, behind the comma and white space; -1 if this is the last. */
  readonly next: number;
}

/** Filled by each `parseVia` and read before it returns: 160 bytes less to collect a message. */
const spans = createViaSpans();

/**
 * Reads the first Via value in [start, end) (RFC 3261 20.42; folds and white space allowed). Throws SipError 'via'.
 * Hot path, given a Message.
 */
export function parseVia(source: Source, start: number, end: number): Via {
  const octets = octetsOf(source, start, end);
  const { buffer, start: base, head } = octets;
  const fault = scanVia(buffer, base + start, base + end, spans);
  if (fault !== '') throw viaError(fault);
  return {
    transport: head.slice(spans.transport - base, spans.transportEnd - base),
    host: lowerHost(octets, spans.host - base, spans.hostEnd - base),
    port: spans.port,
    branch: spans.branch > 0 ? head.slice(spans.branch - base, spans.branchEnd - base) : '',
    hasRport: spans.rport > 0,
    rportAt: spans.rport > 0 && !spans.rportIsFilled ? spans.rport - base : -1,
    received: spans.received > 0 ? head.slice(spans.received - base, spans.receivedEnd - base) : '',
    overload: spans.oc === 0 ? '' : asksForLoss(buffer, spans) ? 'loss' : 'other',
    start: spans.first - base,
    end: spans.last - base,
    next: spans.next < 0 ? -1 : spans.next - base,
  };
}

/** The error for a fault that scanVia found. */
export function viaError(fault: ViaFault): SipError {
  return new SipError('via', `a Via whose ${fault} breaks the grammar`);
}
