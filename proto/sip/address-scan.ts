import { isSpace, isToken } from './octet.js';
import { nameBytes, parameterValueEnd, quotedEnd, readsAs, skipSpace, tokenEnd } from './parameter.js';
import { scanUri, type UriSpans } from './uri-scan.js';

/** Where the parts of a scanned address are in the buffer. */
export interface AddressSpans extends UriSpans {
  uriStart: number;
  uriEnd: number;
  /** Behind the URI, and its `>` if it has one. */
  parameters: number;
  /** The value of the tag parameter; both 0 if there is none. */
  tag: number;
  tagEnd: number;
}

/** Spans for `scanAddress` to fill. They may be used again and again: one scan overwrites the last. */
export function createAddressSpans(): AddressSpans {
  return { host: -1, hostEnd: -1, tail: -1, uriStart: -1, uriEnd: -1, parameters: -1, tag: 0, tagEnd: 0 };
}

const open = 0x3c;
const tagName = nameBytes('tag');

/**
 * Scans bytes[start, end) as one name-addr or addr-spec with header parameters (RFC 3261 20.10, 20.20, 20.39) and whatever URI scheme.
 * False if that is not all there is, if a sip URI in it is unsound, or if there are two tags. Hot path.
 */
export function scanAddress(bytes: Uint8Array, start: number, end: number, spans: AddressSpans): boolean {
  const first = (bytes[start] ?? 0) <= 0x20 ? skipSpace(bytes, start, end) : start;
  const uriStart = uriStartOf(bytes, first, end);
  if (uriStart < 0) return false;
  spans.uriStart = uriStart;
  spans.tag = 0;
  spans.tagEnd = 0;
  // A bracketed URI begins behind its `<`, any other is the first thing in the value.
  if (uriStart > first) {
    const close = scanUri(bytes, uriStart, end, spans);
    if (close < 0 || close === end || bytes[close] !== 0x3e) return false;
    spans.uriEnd = close;
    spans.parameters = close + 1;
  } else {
    const stop = bareUriEnd(bytes, uriStart, end);
    if (stop < 0 || scanUri(bytes, uriStart, stop, spans) !== stop) return false;
    spans.uriEnd = stop;
    spans.parameters = stop;
  }
  return scanParameters(bytes, spans.parameters, end, spans);
}

/** Where the URI begins; -1 if the display name before `<` is neither tokens nor one quoted string. */
function uriStartOf(bytes: Uint8Array, first: number, end: number): number {
  let i = first;
  if (i < end && bytes[i] === 0x22) {
    i = quotedEnd(bytes, i, end);
    if (i < 0) return -1;
    i = skipSpace(bytes, i, end);
    return i < end && bytes[i] === open ? i + 1 : -1;
  }
  for (; i < end; i++) {
    const code = bytes[i] ?? 0;
    // UTF-8 needs quotes by the grammar; without them it is common and ends nothing.
    if (isToken(code) || isSpace(code) || code >= 0x80) continue;
    // Without `<` the value is a URI, and its scheme ends at the first colon.
    if (code === 0x3a) return first;
    return code === open ? i + 1 : -1;
  }
  return -1;
}

/** Where a URI without brackets ends; -1 if it has a `?` or `,`, which need brackets (RFC 3261 20). */
function bareUriEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  for (; i < end; i++) {
    const code = bytes[i] ?? 0;
    if (code === 0x3b || isSpace(code)) break;
    if (code === 0x3f || code === 0x2c) return -1;
  }
  return i;
}

/** *( SEMI token [ EQUAL value ] ) and nothing else, at most one tag: walkParameters without its closure. */
function scanParameters(bytes: Uint8Array, at: number, end: number, spans: AddressSpans): boolean {
  let i = at;
  for (;;) {
    if (i < end && isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
    if (i === end) return true;
    if (bytes[i] !== 0x3b) return false;
    i++;
    if (isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
    const name = i;
    i = tokenEnd(bytes, name, end);
    if (i === name) return false;
    const isTag = i - name === 3 && readsAs(bytes, name, i, tagName);
    if (i < end && isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
    if (i === end || bytes[i] !== 0x3d) continue;
    i++;
    const value = isSpace(bytes[i] ?? 0) ? skipSpace(bytes, i, end) : i;
    i = parameterValueEnd(bytes, value, end);
    if (i < 0) return false;
    if (!isTag) continue;
    if (spans.tag > 0) return false;
    spans.tag = value;
    spans.tagEnd = i;
  }
}
