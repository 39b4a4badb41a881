import { Header } from '@guildhall/proto/sip/header-name';
import {
  firstHeader,
  headerLineEnd,
  headerLineStart,
  headerValueEnd,
  headerValueStart,
  type Message,
  requestUri,
} from '@guildhall/proto/sip/message';
import { receivedVia, type Sender } from '@guildhall/proto/sip/received';
import { type RouteEntry, routeEntries } from '@guildhall/proto/sip/route';
import { uriPlace } from '@guildhall/proto/sip/uri';

/** Who we are in the Via and Route headers of every hop. */
export interface Here {
  /** The sent-by of our Via: host and port of the listener through which the hub is reached. */
  readonly host: string;
  readonly port: number;
  /** The hub's own domain, lower case. */
  readonly domain: string;
  /** Our Via up to its branch, made once. */
  readonly via: string;
}

/** Who we are, from the sent-by of our Via and the hub's domain. */
export function hereOf({ host, port }: { readonly host: string; readonly port: number }, domain: string): Here {
  const name = host.toLowerCase();
  return { host: name, port, domain, via: `SIP/2.0/TLS ${name}:${port};branch=` };
}

/** What makes one hop of one request different from another. */
export interface Hop {
  readonly here: Here;
  readonly branch: string;
  /** A Record-Route header value, or '' for none. */
  readonly recordRoute: string;
  /** The far end of the connection at ingress, taken apart once a batch. */
  readonly source: Sender;
}

/**
 * A message that was edited: new text, then what came, body and all, from offset `rest` of the message on. The edits stand near the top, so
 * most of a message is copied once, from buffer to buffer.
 */
export interface Edited {
  readonly text: string;
  readonly rest: number;
}

/** The whole head of an edited message. Not for the hot path. */
export function editedHead({ head }: Message, { text, rest }: Edited): string {
  return text + head.slice(rest);
}

/** How the user part of a Record-Route of ours begins. */
const tokenMark = 'g1.';

/** Max-Forwards of a request that came without one (RFC 3261 16.6 step 3). */
const fullForwards = 70;

/**
 * A request as it must read on the next wire (RFC 3261 16.6): our Via and Record-Route on top, Max-Forwards one
 * less, our own leading Route values gone (16.4), the Request-URI of a strict router where one is next (16.6 step 6), `received` and `rport` on the sender's Via (18.2.1, RFC 3581), another
 * edge's claims of trust gone. Everything else, and the body, byte for byte. Throws SipError for a Via or Route that breaks
 * its grammar.
 */
export function rewrite(request: Message, hop: Hop): Edited {
  const { head, table } = request;
  const top = headerLineStart(request, 0);
  const kept = keptRoutes(request, hop.here);
  const strict = strictRouter(request, kept);
  let out = `${strict === undefined ? head.slice(0, top) : startLine(request, strict, top)}Via: ${hop.here.via}${hop.branch}\r\n`;
  if (hop.recordRoute !== '') out += `Record-Route: ${hop.recordRoute}\r\n`;
  if (firstHeader(request, Header.maxForwards) < 0) out += `Max-Forwards: ${fullForwards}\r\n`;
  let copied = top;
  let viaSeen = false;
  /** In `kept`: the first value of the field at hand or a later one; a strict router's is in no field any more. */
  let place = strict === undefined ? 0 : 1;
  for (let index = 0, at = 0; at < table.length; at += 4, index += 1) {
    switch (table[at]) {
      case Header.via:
        if (!viaSeen) {
          const end = headerValueEnd(request, index);
          const text = receivedVia(request, headerValueStart(request, index), end, hop.source, copied);
          if (text !== undefined) {
            out += text;
            copied = end;
          }
        }
        viaSeen = true;
        break;
      case Header.maxForwards: {
        const start = headerValueStart(request, index);
        const end = headerValueEnd(request, index);
        out += `${head.slice(copied, start)}${oneLess(head.slice(start, end))}`;
        copied = end;
        break;
      }
      case Header.edgeProxyTrust:
        out += head.slice(copied, headerLineStart(request, index));
        copied = headerLineEnd(request, index);
        break;
      case Header.route: {
        if (kept === undefined) break;
        while (place < kept.length && (kept[place]?.headerIndex ?? 0) < index) place += 1;
        const first = kept[place]?.headerIndex === index ? kept[place] : undefined;
        const from = first === undefined ? headerLineStart(request, index) : headerValueStart(request, index);
        out += head.slice(copied, from);
        copied = first === undefined ? headerLineEnd(request, index) : first.start;
        break;
      }
    }
  }
  if (strict === undefined) return { text: out, rest: copied };
  return { text: `${out}${head.slice(copied, -2)}Route: <${requestUri(request)}>\r\n\r\n`, rest: head.length };
}

/**
 * A response without its topmost Via value, the one we put there (RFC 3261 16.7 step 3), and without the fields `without`, by index
 * and in their order. The value begins at `start`, and the next one in the same field at `next`, -1: there is none. Undefined when no Via is left: the response is not for anyone behind us.
 */
export function stripVia(response: Message, start: number, next: number, without: readonly number[] = nothing): Edited | undefined {
  const { table } = response;
  const index = firstHeader(response, Header.via);
  if (next >= 0) return cut(response, start, next, without);
  for (let at = (index + 1) << 2; at < table.length; at += 4) {
    if (table[at] === Header.via) return cut(response, headerLineStart(response, index), headerLineEnd(response, index), without);
  }
  return undefined;
}

const nothing: readonly number[] = [];

/** The message without what is in [start, end) of its head and without these fields. */
function cut(response: Message, start: number, end: number, without: readonly number[]): Edited {
  const { head } = response;
  if (without.length === 0) return { text: head.slice(0, start), rest: end };
  let out = '';
  let copied = 0;
  let pending = true;
  for (const index of without) {
    const line = headerLineStart(response, index);
    if (pending && line > start) {
      out += head.slice(copied, start);
      copied = end;
      pending = false;
    }
    out += head.slice(copied, line);
    copied = headerLineEnd(response, index);
  }
  return pending ? { text: out + head.slice(copied, start), rest: end } : { text: out, rest: copied };
}

/** The Route values that stay, or undefined when all do: no Route costs one scan, and a Route that leads elsewhere is left alone. */
function keptRoutes(request: Message, here: Here): readonly RouteEntry[] | undefined {
  if (firstHeader(request, Header.route) < 0) return undefined;
  const entries = routeEntries(request, Header.route);
  let own = 0;
  let token = '';
  for (const entry of entries) {
    const named = uriPlace(request.head.slice(entry.uriStart, entry.uriEnd));
    if (named === undefined) break;
    const { user, host, port } = named;
    // Ingress has read the first token, so it is ours whatever interface it names. Its like behind it is the other interface's
    // (RFC 5658); another one is where a spiral comes by the hub again, and stays.
    if (user.startsWith(tokenMark)) {
      if (token !== '' && user !== token) break;
      token = user;
    } else if (!isHere(host, port, here)) {
      break;
    }
    own += 1;
  }
  return own === 0 ? undefined : entries.slice(own);
}

/** The Route value next on the way where it is that of a strict router (RFC 2543): it has no `lr`, and wants to be the Request-URI. */
function strictRouter({ head }: Message, kept: readonly RouteEntry[] | undefined): RouteEntry | undefined {
  const next = kept?.[0];
  if (next === undefined) return undefined;
  const uri = head.slice(next.uriStart, next.uriEnd);
  const place = uriPlace(uri);
  // A Request-URI may have no header fields (RFC 3261 19.1.1), so one that has them is nobody's to become one.
  return place === undefined || uri.includes('?') || /;lr(?![^;=?])/i.test(uri.slice(place.tail)) ? undefined : next;
}

/** The start line with the strict router's URI; the Request-URI becomes the last Route. */
function startLine({ head, uriStart, uriEnd }: Message, strict: RouteEntry, top: number): string {
  return head.slice(0, uriStart) + head.slice(strict.uriStart, strict.uriEnd) + head.slice(uriEnd, top);
}

/** Whether a Route URI names us: the hub's domain with any port, or exactly our sent-by. */
function isHere(host: string, port: number, here: Here): boolean {
  return host === here.domain || (host === here.host && (port === 0 ? 5061 : port) === here.port);
}

/** Never below 0: ingress has refused a 0 already, and a next hop would. */
function oneLess(value: string): number {
  const hops = Number(value);
  return Number.isInteger(hops) ? Math.max(0, Math.min(255, hops) - 1) : fullForwards;
}
