import { numberIn } from './request-template.js';

/** What a scan of a run's responses tells. */
export interface ResponseSink {
  /** The status and the number of the request, -1 when the Call-ID is none of this template's; the head is text[at, end). */
  response(status: number, number: number, text: string, at: number, end: number): void;
  /** These bytes are no response: the stream cannot be read on. */
  broken(text: string): void;
}

/** The last line of nearly all responses. */
const noBody = '\r\nContent-Length: 0';

/**
 * Reads the whole responses at the start of `text` (latin1) and returns how many characters they take. It knows only what a run needs:
 * status, Call-ID and the body's length. CRLF keepalives in between are skipped.
 */
export function scanResponses(text: string, sink: ResponseSink): number {
  let at = 0;
  for (;;) {
    while (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) at += 2;
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) return at;
    // "SIP/2.0 nnn": S, the space and the digits are enough to know where we are.
    if (text.charCodeAt(at) !== 83 || text.charCodeAt(at + 7) !== 32) {
      sink.broken(text.slice(at, at + 60));
      return text.length;
    }
    const next = end + 4 + (text.startsWith(noBody, end - noBody.length) ? 0 : bodyLength(text.slice(at, end)));
    if (next > text.length) return at;
    const status = (text.charCodeAt(at + 8) - 48) * 100 + (text.charCodeAt(at + 9) - 48) * 10 + text.charCodeAt(at + 10) - 48;
    sink.response(status, numberIn(text, at, end), text, at, end);
    at = next;
  }
}

/** What the head says of its body; nothing where it says nothing: then the next bytes must start a response again. */
function bodyLength(head: string): number {
  return Number(/\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d{1,6})/i.exec(head)?.[1] ?? 0);
}
