import { parseAddress, splitValues } from './address.js';
import { firstHeader, headerValueEnd, headerValueStart, type Message, nextHeader } from './message.js';
import { skipSpace, trimSpace } from './parameter.js';
import { SipError } from './sip-error.js';

/** One value of Route or Record-Route. Offsets are into `m.head`. */
export interface RouteEntry {
  /** The header field it stands in. */
  readonly headerIndex: number;
  /** The value without surrounding white space and commas. */
  readonly start: number;
  readonly end: number;
  /** The URI between the angle brackets. */
  readonly uriStart: number;
  readonly uriEnd: number;
}

/** Every value of all fields with this id (Header.route or Header.recordRoute), topmost first. Throws SipError 'address'. */
export function routeEntries(m: Message, id: number): RouteEntry[] {
  const entries: RouteEntry[] = [];
  for (let index = firstHeader(m, id); index >= 0; index = nextHeader(m, id, index)) {
    const end = headerValueEnd(m, index);
    let from = headerValueStart(m, index);
    for (const comma of splitValues(m, from, end)) {
      entries.push(readEntry(m, index, from, comma));
      from = comma + 1;
    }
    entries.push(readEntry(m, index, from, end));
  }
  return entries;
}

/** A route is always a name-addr: the URI stands in angle brackets (RFC 3261 20.34). */
function readEntry(m: Message, headerIndex: number, from: number, until: number): RouteEntry {
  const { buffer, start: base } = m;
  const start = skipSpace(buffer, base + from, base + until);
  const end = trimSpace(buffer, start, base + until);
  const { uriStart, uriEnd, bracketed } = parseAddress(m, start - base, end - base);
  if (!bracketed) throw new SipError('address', 'a route that is no URI in angle brackets');
  return { headerIndex, start: start - base, end: end - base, uriStart, uriEnd };
}
