import { Header } from './header-name.js';
import { firstHeader, headerValueEnd, headerValueStart, type Message } from './message.js';
import { nameBytes, parameterValueEnd, readsAs, skipSpace, tokenEnd } from './parameter.js';
import { createViaSpans, scanVia, type ViaSpans } from './via-scan.js';

/** What a server tells a client of its overload (RFC 7339 4), as loss: the client is to send so much less. */
export interface OverloadReport {
  /** 0 to 100; 0: nothing is asked of the client now. */
  readonly percent: number;
  /** ms for which it holds. */
  readonly validity: number;
  /** Later reports have a larger one: seconds, written with five digits behind the point (RFC 7339 4.4). */
  readonly sequence: number;
}

const loss = nameBytes('loss');
const names = ['oc', 'oc-algo', 'oc-validity', 'oc-seq'].map(nameBytes);
const comma = 0x2c;
const quote = 0x22;

/** A report as the parameters of a Via, each with its semicolon. Without overload the validity is 0: "supported, and nothing to do" (RFC 7339 4.3). */
export function overloadParameters({ percent, validity, sequence }: OverloadReport): string {
  return `;oc=${percent};oc-algo="loss";oc-validity=${percent === 0 ? 0 : validity};oc-seq=${sequence.toFixed(5)}`;
}

/** Whether the sender of a request takes reports of loss; false where its topmost Via cannot be read. */
export function asksForOverload(request: Message): boolean {
  const top = firstHeader(request, Header.via);
  if (top < 0) return false;
  const { buffer, start } = request;
  const spans = createViaSpans();
  const fault = scanVia(buffer, start + headerValueStart(request, top), start + headerValueEnd(request, top), spans);
  return fault === '' && spans.oc > 0 && asksForLoss(buffer, spans);
}

/** Whether the oc-algo of a scanned Via names loss, which is also what its absence means (RFC 7339 4.2). */
export function asksForLoss(bytes: Uint8Array, { ocAlgo, ocAlgoEnd }: ViaSpans): boolean {
  if (ocAlgo === 0) return true;
  const isQuoted = bytes[ocAlgo] === quote;
  const end = isQuoted ? ocAlgoEnd - 1 : ocAlgoEnd;
  let i = isQuoted ? ocAlgo + 1 : ocAlgo;
  while (i < end) {
    const name = skipSpace(bytes, i, end);
    i = tokenEnd(bytes, name, end);
    if (readsAs(bytes, name, i, loss)) return true;
    while (i < end && bytes[i] !== comma) i++;
    i++;
  }
  return false;
}

/**
 * The text of a Via field with these parameters (see `overloadParameters`; '' for none) in its first value, in place of whatever it said of overload:
 * what somebody else wrote there means nothing from us. Undefined where the value cannot be read. Linear.
 */
export function withOverload(field: string, parameters: string): string | undefined {
  const bytes = Buffer.from(field, 'latin1');
  const spans = createViaSpans();
  if (scanVia(bytes, 0, bytes.length, spans) !== '') return undefined;
  const kept = withoutOverload(field, bytes, spans);
  return kept + parameters + field.slice(spans.last);
}

/** The first value up to `last`, without its parameters of RFC 7339. */
function withoutOverload(field: string, bytes: Uint8Array, { hostEnd, last }: ViaSpans): string {
  let kept = '';
  let from = 0;
  let i = hostEnd;
  while (i < last && bytes[i] !== 0x3b) i++;
  while (i < last) {
    const semicolon = i;
    const name = skipSpace(bytes, semicolon + 1, last);
    const nameEnd = tokenEnd(bytes, name, last);
    i = skipSpace(bytes, nameEnd, last);
    if (bytes[i] === 0x3d && i < last) i = parameterValueEnd(bytes, skipSpace(bytes, i + 1, last), last);
    else i = nameEnd;
    if (names.some((one) => readsAs(bytes, name, nameEnd, one))) {
      kept += field.slice(from, semicolon);
      from = i;
    }
    i = skipSpace(bytes, i, last);
  }
  return kept + field.slice(from, last);
}
