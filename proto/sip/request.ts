import { parseCSeq } from './cseq.js';
import { Header } from './header-name.js';
import {
  firstHeader,
  headerLineEnd,
  headerLineStart,
  headerValueEnd,
  headerValueStart,
  type Message,
  nextHeader,
  requestUri,
} from './message.js';
import { ownText, ownToken } from './own-text.js';
import { SipError } from './sip-error.js';
import { isUriText } from './uri.js';
import { parseVia } from './via.js';

/** A request of our own, to be written by `writeRequest`. */
export interface NewRequest {
  readonly method: string;
  readonly uri: string;
  /** Name and value, in the order to be written. Content-Length is added. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** latin1 text: one character a byte. */
  readonly body?: string;
}

/** A request of our own as latin1 text. Throws SipError 'value' for CR, LF or NUL in a field, or a method or name that is no token. */
export function writeRequest(request: NewRequest): string {
  const { method, uri, headers, body = '' } = request;
  if (uri === '' || !isUriText(uri)) throw new SipError('value', 'a Request-URI that is no URI');
  let text = `${ownToken(method)} ${uri} SIP/2.0\r\n`;
  for (const [name, value] of headers) text += `${ownToken(name)}: ${ownText(value)}\r\n`;
  return `${text}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/**
 * The CANCEL of an INVITE as it was sent (RFC 3261 9.1): same Request-URI, top Via, Route, From, To, Call-ID and CSeq number.
 * `reason` is an optional Reason value (RFC 3326). Throws SipError if the INVITE lacks one of them.
 */
export function writeCancel(invite: Message, reason?: string): string {
  const extra = reason === undefined ? '' : `Reason: ${ownText(reason)}\r\n`;
  return hopByHop(invite, 'CANCEL', fieldLine(invite, Header.to), extra);
}

/** The hop-by-hop ACK of a non-2xx (RFC 3261 17.1.1.3): from the INVITE as it was sent, To from the response. Throws SipError. */
export function writeAck(invite: Message, response: Message): string {
  return hopByHop(invite, 'ACK', fieldLine(response, Header.to), '');
}

function hopByHop(invite: Message, method: string, to: string, extra: string): string {
  let routes = '';
  for (let index = firstHeader(invite, Header.route); index >= 0; index = nextHeader(invite, Header.route, index)) {
    routes += invite.head.slice(headerLineStart(invite, index), headerLineEnd(invite, index));
  }
  const sequence = mandatory(invite, Header.cseq);
  const cseq = parseCSeq(invite, headerValueStart(invite, sequence), headerValueEnd(invite, sequence));
  return (
    `${method} ${requestUri(invite)} SIP/2.0\r\nVia: ${topVia(invite)}\r\nMax-Forwards: 70\r\n${routes}` +
    `${fieldLine(invite, Header.from)}${to}${fieldLine(invite, Header.callId)}` +
    `CSeq: ${cseq.number} ${method}\r\n${extra}Content-Length: 0\r\n\r\n`
  );
}

function topVia(m: Message): string {
  const index = mandatory(m, Header.via);
  const via = parseVia(m, headerValueStart(m, index), headerValueEnd(m, index));
  return m.head.slice(via.start, via.end);
}

function fieldLine(m: Message, id: number): string {
  const index = mandatory(m, id);
  return m.head.slice(headerLineStart(m, index), headerLineEnd(m, index));
}

function mandatory(m: Message, id: number): number {
  const index = firstHeader(m, id);
  if (index < 0) throw new SipError('missing-header');
  return index;
}
