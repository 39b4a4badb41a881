import { digitsEnd, hostEnd, portNumber } from './host.js';
import { isSpace } from './octet.js';
import { nameBytes, parameterValueEnd, readsAs, skipSpace, tokenEnd } from './parameter.js';

/** Where the parts of a scanned Via value are in the buffer; a part that is not there begins and ends at 0. */
export interface ViaSpans {
  transport: number;
  transportEnd: number;
  host: number;
  hostEnd: number;
  port: number;
  branch: number;
  branchEnd: number;
  received: number;
  receivedEnd: number;
  /** Behind the name rport, 0 if there is none; `rportIsFilled` tells whether it has a value. */
  rport: number;
  rportIsFilled: boolean;
  /** Behind the name oc (RFC 7339), 0 if there is none; and the value of oc-algo, in its quotes. */
  oc: number;
  ocAlgo: number;
  ocAlgoEnd: number;
  /** The value's first character, and behind its last. */
  first: number;
  last: number;
  /** Where the next value begins, -1 if this is the last. */
  next: number;
}

/** What of a Via value broke the grammar; '' for nothing. */
export type ViaFault = '' | 'protocol' | 'transport' | 'sent-by' | 'port' | 'parameter' | 'list';

/** Spans for `scanVia` to fill. They may be used again and again: one scan overwrites the last. */
export function createViaSpans(): ViaSpans {
  return {
    transport: 0,
    transportEnd: 0,
    host: 0,
    hostEnd: 0,
    port: 0,
    branch: 0,
    branchEnd: 0,
    received: 0,
    receivedEnd: 0,
    rport: 0,
    rportIsFilled: false,
    oc: 0,
    ocAlgo: 0,
    ocAlgoEnd: 0,
    first: 0,
    last: 0,
    next: -1,
  };
}

const protocol = nameBytes('sip/2.0/');
const sip = nameBytes('sip');
const two = nameBytes('2.0');
const branchName = nameBytes('branch');
const rportName = nameBytes('rport');
const receivedName = nameBytes('received');
const ocName = nameBytes('oc');
const ocAlgoName = nameBytes('oc-algo');

/** Scans the first Via value in bytes[start, end) (RFC 3261 20.42, 25.1 via-parm; white space and folds allowed). Hot path. */
export function scanVia(bytes: Uint8Array, start: number, end: number, spans: ViaSpans): ViaFault {
  const first = isSpace(bytes[start] ?? 0) ? skipSpace(bytes, start, end) : start;
  spans.first = first;
  spans.transport = transportStart(bytes, first, end);
  if (spans.transport < 0) return 'protocol';
  spans.transportEnd = tokenEnd(bytes, spans.transport, end);
  if (spans.transportEnd === spans.transport) return 'transport';
  spans.host = skipSpace(bytes, spans.transportEnd, end);
  if (spans.host === spans.transportEnd) return 'transport';
  let i = hostEnd(bytes, spans.host, end);
  if (i < 0) return 'sent-by';
  spans.hostEnd = i;
  spans.last = i;
  spans.port = 0;
  if (i < end && isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
  if (i < end && bytes[i] === 0x3a) {
    const digits = skipSpace(bytes, i + 1, end);
    i = digitsEnd(bytes, digits, end);
    spans.port = portNumber(bytes, digits, i);
    spans.last = i;
    if (spans.port === 0) return 'port';
  }
  i = scanParameters(bytes, i, end, spans);
  if (i < 0) return 'parameter';
  spans.next = -1;
  if (i === end) return '';
  if (bytes[i] !== 0x2c) return 'list';
  spans.next = skipSpace(bytes, i + 1, end);
  return spans.next === end ? 'list' : '';
}

/** Behind the parameters and white space at `at`; -1 if they break the grammar or one of ours is there twice, which two readers could read
 * differently. */
function scanParameters(bytes: Uint8Array, at: number, end: number, spans: ViaSpans): number {
  spans.branch = spans.branchEnd = spans.received = spans.receivedEnd = spans.rport = 0;
  spans.oc = spans.ocAlgo = spans.ocAlgoEnd = 0;
  spans.rportIsFilled = false;
  let i = at;
  for (;;) {
    if (i < end && isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
    if (i === end || bytes[i] !== 0x3b) return i;
    i++;
    if (isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
    const name = i;
    const nameEnd = tokenEnd(bytes, name, end);
    if (nameEnd === name) return -1;
    let value = nameEnd;
    i = nameEnd;
    if (i < end && isSpace(bytes[i] ?? 0)) i = skipSpace(bytes, i, end);
    if (i < end && bytes[i] === 0x3d) {
      value = i + 1;
      if (isSpace(bytes[value] ?? 0)) value = skipSpace(bytes, value, end);
      i = parameterValueEnd(bytes, value, end);
      if (i < 0) return -1;
      spans.last = i;
    } else spans.last = nameEnd;
    if (!noteParameter(bytes, name, nameEnd, value, spans)) return -1;
  }
}

/** Notes branch, rport and received; their value, if any, ends at spans.last. False if it was there before, or needs a value and has none. */
function noteParameter(bytes: Uint8Array, name: number, nameEnd: number, value: number, spans: ViaSpans): boolean {
  const hasValue = value !== nameEnd;
  switch (nameEnd - name) {
    case 2:
      if (readsAs(bytes, name, nameEnd, ocName)) spans.oc = nameEnd;
      return true;
    case 7:
      if (!hasValue || !readsAs(bytes, name, nameEnd, ocAlgoName)) return true;
      spans.ocAlgo = value;
      spans.ocAlgoEnd = spans.last;
      return true;
    case 5:
      if (!readsAs(bytes, name, nameEnd, rportName)) return true;
      if (spans.rport > 0) return false;
      spans.rport = nameEnd;
      spans.rportIsFilled = hasValue;
      return true;
    case 6:
      if (!readsAs(bytes, name, nameEnd, branchName)) return true;
      if (spans.branch > 0 || !hasValue) return false;
      spans.branch = value;
      spans.branchEnd = spans.last;
      return true;
    case 8:
      if (!readsAs(bytes, name, nameEnd, receivedName)) return true;
      if (spans.received > 0 || !hasValue) return false;
      spans.received = value;
      spans.receivedEnd = spans.last;
      return true;
    default:
      return true;
  }
}

/** Where the transport begins behind `SIP/2.0/`; each slash may have white space around it. -1 if it is something else. */
function transportStart(bytes: Uint8Array, at: number, end: number): number {
  // As nearly everybody writes it.
  if (at + 8 < end && readsAs(bytes, at, at + 8, protocol) && !isSpace(bytes[at + 8] ?? 0)) return at + 8;
  const name = tokenEnd(bytes, at, end);
  if (!readsAs(bytes, at, name, sip)) return -1;
  const version = afterSlash(bytes, name, end);
  if (version < 0) return -1;
  const versionEnd = tokenEnd(bytes, version, end);
  return readsAs(bytes, version, versionEnd, two) ? afterSlash(bytes, versionEnd, end) : -1;
}

function afterSlash(bytes: Uint8Array, at: number, end: number): number {
  const i = skipSpace(bytes, at, end);
  return i < end && bytes[i] === 0x2f ? skipSpace(bytes, i + 1, end) : -1;
}
