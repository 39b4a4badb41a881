import { Header } from '@guildhall/proto/sip/header-name';
import type { SipLimits } from '@guildhall/proto/sip/limits';
import {
  bodyBytes,
  headerLineEnd,
  headerLineStart,
  headerValueStart,
  type Message,
  parseMessage,
  requestUri,
} from '@guildhall/proto/sip/message';
import { type RouteEntry, routeEntries } from '@guildhall/proto/sip/route';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { parseUri } from '@guildhall/proto/sip/uri';
import type { ReadToken } from './dialog-route.js';

/** Whether a Request-URI looks like a Record-Route of ours. Hot path: mostly one character is looked at. */
export function mayBeOwnRoute({ head, uriStart }: Message): boolean {
  const fifth = head.charCodeAt(uriStart + 4);
  // "sip:g1." or "sips:g1."
  return fifth === 0x67 ? head.startsWith('1.', uriStart + 5) : fifth === 0x3a && head.startsWith('g1.', uriStart + 5);
}

/**
 * RFC 3261 16.4: what a strict router (RFC 2543) sends has our Record-Route value as its Request-URI and the real one as its last Route. Gives
 * it as a loose router would have sent it: the last Route as Request-URI, ours on top of the Route. Anything else comes back as it is:
 * a value that is not signed by the hub was never put into a Record-Route, and is refused for what it says. Never throws for what a peer sent.
 */
export function asLooseRouted(request: Message, readToken: ReadToken, limits: SipLimits): Message {
  try {
    const own = requestUri(request);
    if (typeof readToken(parseUri(own).user) === 'string') return request;
    const last = routeEntries(request, Header.route).at(-1);
    return last === undefined ? request : turned(request, own, last, limits);
  } catch (error) {
    if (error instanceof SipError) return request;
    throw error;
  }
}

function turned(request: Message, own: string, last: RouteEntry, limits: SipLimits): Message {
  const { head, uriStart, uriEnd } = request;
  const top = headerLineStart(request, 0);
  // Alone in its field it takes the field along, else the comma before it.
  const alone = last.start === headerValueStart(request, last.headerIndex);
  const from = alone ? headerLineStart(request, last.headerIndex) : head.lastIndexOf(',', last.start);
  const to = alone ? headerLineEnd(request, last.headerIndex) : last.end;
  const text =
    `${head.slice(0, uriStart)}${head.slice(last.uriStart, last.uriEnd)}${head.slice(uriEnd, top)}Route: <${own}>\r\n` +
    `${head.slice(top, from)}${head.slice(to)}`;
  return parseMessage(Buffer.concat([Buffer.from(text, 'latin1'), bodyBytes(request)]), limits);
}
