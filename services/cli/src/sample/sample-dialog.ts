import { addressTag, parseAddress } from '@guildhall/proto/sip/address';
import { parseCSeq } from '@guildhall/proto/sip/cseq';
import { Header } from '@guildhall/proto/sip/header-name';
import { firstHeader, headerValue, headerValueEnd, headerValueStart, type Message } from '@guildhall/proto/sip/message';
import { routeEntries } from '@guildhall/proto/sip/route';
import type { Outgoing } from './sample-exchange.js';

/** One side's view of a dialog (RFC 3261 12). `cseq` is the number last sent. */
export interface Dialog {
  readonly callId: string;
  readonly localUri: string;
  readonly localTag: string;
  readonly remoteUri: string;
  readonly remoteTag: string;
  readonly remoteTarget: string;
  /** Route values in the order they are sent. */
  readonly route: readonly string[];
  cseq: number;
}

/** The value of a header field, '' where there is none. */
export function fieldOf(message: Message, id: number): string {
  const index = firstHeader(message, id);
  return index < 0 ? '' : headerValue(message, index);
}

function tagOf(message: Message, id: number): string {
  const index = firstHeader(message, id);
  return index < 0 ? '' : addressTag(message.head, headerValueStart(message, index), headerValueEnd(message, index));
}

/** The URI in From, To or Contact. Throws SipError for a broken one; '' where there is none. */
export function uriIn(message: Message, id: number): string {
  const value = fieldOf(message, id);
  if (value === '') return '';
  const address = parseAddress(value, 0, value.length);
  return value.slice(address.uriStart, address.uriEnd);
}

function cseqOf(message: Message): number {
  const value = fieldOf(message, Header.cseq);
  return parseCSeq(value, 0, value.length).number;
}

/** Record-Route values, topmost first, with their brackets and parameters. */
export function recordRoutes(message: Message): string[] {
  return routeEntries(message, Header.recordRoute).map((entry) => message.head.slice(entry.start, entry.end));
}

/** The dialog of the one who sent `request` and got `response` (a 2xx, or a 1xx with a tag) (RFC 3261 12.1.2). Throws SipError. */
export function callerDialog(request: Message, response: Message): Dialog {
  return {
    callId: fieldOf(request, Header.callId),
    localUri: uriIn(request, Header.from),
    localTag: tagOf(request, Header.from),
    remoteUri: uriIn(request, Header.to),
    remoteTag: tagOf(response, Header.to),
    remoteTarget: uriIn(response, Header.contact) || uriIn(request, Header.to),
    route: recordRoutes(response).reverse(),
    cseq: cseqOf(request),
  };
}

/** The dialog of the one who got `request` and answered with `response` (RFC 3261 12.1.1). Throws SipError. */
export function calleeDialog(request: Message, response: Message): Dialog {
  return {
    callId: fieldOf(request, Header.callId),
    localUri: uriIn(request, Header.to),
    localTag: tagOf(response, Header.to),
    remoteUri: uriIn(request, Header.from),
    remoteTag: tagOf(request, Header.from),
    remoteTarget: uriIn(request, Header.contact) || uriIn(request, Header.from),
    route: recordRoutes(request),
    cseq: 0,
  };
}

/** A request in the dialog (RFC 3261 12.2.1.1). Takes the next CSeq number, except for ACK and CANCEL, which repeat the last. */
export function dialogRequest(dialog: Dialog, method: string, more: Partial<Outgoing> = {}): Outgoing {
  if (method !== 'ACK' && method !== 'CANCEL') dialog.cseq += 1;
  return {
    method,
    uri: dialog.remoteTarget,
    from: dialog.localUri,
    fromTag: dialog.localTag,
    to: dialog.remoteUri,
    toTag: dialog.remoteTag,
    callId: dialog.callId,
    cseq: dialog.cseq,
    route: dialog.route,
    ...more,
  };
}
