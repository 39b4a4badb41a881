import { digitsEnd, hostEnd, portNumber } from './host.js';
import { isHex, UriClass, uriClass } from './octet.js';
import { nameBytes, readsAs } from './parameter.js';

/** Where the parts of a scanned URI are in the buffer; all -1 if its scheme is neither sip nor sips. */
export interface UriSpans {
  host: number;
  hostEnd: number;
  /** Behind host and port, where parameters, headers or the end follow. */
  tail: number;
}

/** Spans for `scanUri` to fill. They may be used again and again: one scan overwrites the last. */
export function createUriSpans(): UriSpans {
  return { host: -1, hostEnd: -1, tail: -1 };
}

const semicolon = 0x3b;
const question = 0x3f;
const sip = nameBytes('sip:');
const sips = nameBytes('sips:');
/** No registered scheme is longer. */
const longestScheme = 64;
const schemeMark = /[^a-z0-9+.-]/;

/**
 * Scans the URI that begins at bytes[start] and reaches at most to `end`: up to the first byte that no URI has (`>`, white space). One pass.
 * Returns where it ends, or -1 if it is malformed: no scheme, a broken escape, or a sip URI with an empty user, more than one `@`, or a
 * host or port that breaks the grammar. Hot path.
 */
export function scanUri(bytes: Uint8Array, start: number, end: number, spans: UriSpans): number {
  let from: number;
  if (end - start > 4 && readsAs(bytes, start, start + 4, sip)) from = start + 4;
  else if (end - start > 5 && readsAs(bytes, start, start + 5, sips)) from = start + 5;
  else return scanOther(bytes, start, end, spans);
  let host = from;
  let i = from;
  for (; i < end; i++) {
    const kind = uriClass(bytes[i] ?? 0);
    if (kind === UriClass.ordinary) continue;
    if (kind === UriClass.none) break;
    if (kind === UriClass.at) {
      // No unescaped @ but this one: two parsers that choose differently would see two hosts.
      if (host !== from || i === from) return -1;
      host = i + 1;
    } else if (!isEscape(bytes, i, end)) return -1;
  }
  const until = hostEnd(bytes, host, i);
  const tail = until < 0 ? -1 : tailStart(bytes, until, i);
  if (tail < 0) return -1;
  spans.host = host;
  spans.hostEnd = until;
  spans.tail = tail;
  return i;
}

/** Behind host and port; -1 unless parameters, headers or the end follow. */
function tailStart(bytes: Uint8Array, afterHost: number, end: number): number {
  let i = afterHost;
  if (i < end && bytes[i] === 0x3a) {
    i = digitsEnd(bytes, afterHost + 1, end);
    if (portNumber(bytes, afterHost + 1, i) === 0) return -1;
  }
  return i === end || bytes[i] === semicolon || bytes[i] === question ? i : -1;
}

function scanOther(bytes: Uint8Array, start: number, end: number, spans: UriSpans): number {
  spans.host = -1;
  spans.hostEnd = -1;
  spans.tail = -1;
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + longestScheme)));
  const scheme = schemeOf(text, 0, text.length);
  const until = uriRunEnd(bytes, start, end);
  return scheme === '' || scheme === 'sip' || scheme === 'sips' || start + scheme.length + 1 >= until ? -1 : until;
}

/** Lower-case scheme of the URI head[start, end), '' if it has none. */
export function schemeOf(head: string, start: number, end: number): string {
  const text = head.slice(start, end);
  const scheme = text.slice(0, Math.max(0, text.indexOf(':'))).toLowerCase();
  // RFC 3986 3.1: a letter, then letters, digits, + - .
  return schemeMark.test(scheme) || scheme < 'a' ? '' : scheme;
}

/** Behind the characters that may stand in a URI; -1 if an escape among them is broken. */
export function uriRunEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  for (; i < end; i++) {
    const kind = uriClass(bytes[i] ?? 0);
    if (kind === UriClass.none) break;
    if (kind === UriClass.percent && !isEscape(bytes, i, end)) return -1;
  }
  return i;
}

function isEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 2 < end && isHex(bytes[at + 1] ?? 0) && isHex(bytes[at + 2] ?? 0);
}
