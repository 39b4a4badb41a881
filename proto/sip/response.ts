import { addressTag } from './address.js';
import { Header } from './header-name.js';
import { firstHeader, headerLineEnd, headerLineStart, headerValueEnd, headerValueStart, type Message } from './message.js';
import { withOverload } from './overload-control.js';
import { ownHeaderLine, ownText, ownToken } from './own-text.js';
import { receivedViaIfSound, type Sender } from './received.js';
import { SipError } from './sip-error.js';
import { reasonPhrase } from './status.js';

/** What goes into a response of our own besides the fields it copies. */
export interface ResponseOptions {
  /** Instead of the status's own phrase. */
  readonly phrase?: string;
  /** Put on To if it has no tag and the status is above 100. */
  readonly toTag?: string;
  /** Whole header lines without CRLF, `Name: value`. */
  readonly headers?: readonly string[];
  /** What the topmost Via is told of its sender (RFC 3261 18.2.1, RFC 3581); without it Via stays as it came. */
  readonly sender?: Sender;
  /** What the topmost Via is told of overload (RFC 7339), see `withOverload`; without it Via stays as it came. */
  readonly overload?: string | undefined;
}

const copied = [Header.via, Header.from, Header.to, Header.callId, Header.cseq] as const;

/** Whether a request has what a response must copy: Via, From, To, Call-ID and CSeq. A broken one may not. */
export function canAnswer(request: Message): boolean {
  return request.status === 0 && request.method !== 'ACK' && copied.every((id) => firstHeader(request, id) >= 0);
}

/**
 * A response without body, as latin1 text (RFC 3261 8.2.6): every Via, From, To (+ tag), Call-ID, CSeq copied as they came (but for `sender`), Timestamp in a 100,
 * then `headers`, then Content-Length: 0. Throws SipError 'value' for a CR, LF or NUL in a text given, or a status outside 100..699.
 */
export function writeResponse(request: Message, status: number, options: ResponseOptions): string {
  if (!Number.isInteger(status) || status < 100 || status > 699) throw new SipError('value', 'a status outside 100 to 699');
  let text = `SIP/2.0 ${status} ${options.phrase === undefined ? reasonPhrase(status) : ownText(options.phrase)}\r\n`;
  const top = firstHeader(request, Header.via);
  for (let index = 0; index << 2 < request.table.length; index++) {
    switch (request.table[index << 2]) {
      case Header.via:
        text += index === top ? viaLine(request, index, options) : fieldLine(request, index);
        break;
      case Header.from:
      case Header.callId:
      case Header.cseq:
        text += fieldLine(request, index);
        break;
      case Header.to:
        text += toLine(request, index, status > 100 ? options.toTag : undefined);
        break;
      case Header.timestamp:
        if (status === 100) text += fieldLine(request, index);
        break;
      default:
    }
  }
  if (options.headers !== undefined) for (const line of options.headers) text += `${ownHeaderLine(line)}\r\n`;
  return `${text}Content-Length: 0\r\n\r\n`;
}

function fieldLine(request: Message, index: number): string {
  return request.head.slice(headerLineStart(request, index), headerLineEnd(request, index));
}

function viaLine(request: Message, index: number, { sender, overload }: ResponseOptions): string {
  const start = headerValueStart(request, index);
  const end = headerValueEnd(request, index);
  let told = sender === undefined ? undefined : receivedViaIfSound(request, start, end, sender);
  if (overload !== undefined) told = withOverload(told ?? request.head.slice(start, end), overload) ?? told;
  if (told === undefined) return fieldLine(request, index);
  return request.head.slice(headerLineStart(request, index), start) + told + request.head.slice(end, headerLineEnd(request, index));
}

function toLine(request: Message, index: number, tag: string | undefined): string {
  const end = headerValueEnd(request, index);
  if (tag === undefined || addressTag(request, headerValueStart(request, index), end) !== '') return fieldLine(request, index);
  return `${request.head.slice(headerLineStart(request, index), end)};tag=${ownToken(tag)}\r\n`;
}
