/** What a scan of requests gives back. */
export interface Echo {
  /** Answers, one behind the other, ready for one write (latin1). */
  readonly answers: string;
  /** Requests answered, OPTIONS not counted: hubs probe with them. */
  readonly requests: number;
  /** ACKs, which nothing answers. */
  readonly acknowledged: number;
  /** Characters of the input that were whole messages. */
  readonly used: number;
  /** False when the stream cannot be read on. */
  readonly sound: boolean;
}

/** Two answers to an INVITE: their status lines with CRLF and header lines behind it, and the body of the last. */
export interface Ringing {
  readonly first: string;
  readonly last: string;
  readonly body: string;
}

/** Chooses the answer to the request whose head is text[at, end): its status line with CRLF, header lines behind it if need be; '' for none. */
export type Choose = (text: string, at: number, end: number) => string | Ringing;

const statusLine = 'SIP/2.0 200 OK\r\n';
const alwaysOk: Choose = () => statusLine;
const lastLine = 'Content-Length: 0\r\n\r\n';
const tag = ';tag=sink';

/**
 * Answers every whole request at the start of `text` (latin1), with a 200 unless `choose` says otherwise, that repeats Via, Record-Route, From, To (with a tag), Call-ID
 * and CSeq: what RFC 3261 8.2.6.2 asks of the least possible answerer. A double CRLF is answered with CRLF; an ACK with nothing. Lines that
 * stand together are copied together.
 */
export function echoRequests(text: string, choose: Choose = alwaysOk): Echo {
  let answers = '';
  let requests = 0;
  let acknowledged = 0;
  let at = 0;
  for (;;) {
    while (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) {
      const ping = text.charCodeAt(at + 2) === 13 && text.charCodeAt(at + 3) === 10;
      if (ping) answers += '\r\n';
      at += ping ? 4 : 2;
    }
    const start = at;
    let answer = '';
    let copied = -1;
    let length = -1;
    let line = text.indexOf('\n', at) + 1;
    if (line === 0) return { answers, requests, acknowledged, used: start, sound: true };
    for (;;) {
      const next = text.indexOf('\n', line) + 1;
      if (next === 0) return { answers, requests, acknowledged, used: start, sound: true };
      if (next - line === 2) break;
      const kind = lineKind(text, line);
      if (kind === 'length') length = Number(text.slice(text.indexOf(':', line) + 1, next - 2));
      if (kind === 'keep' || kind === 'to') {
        if (copied < 0) copied = line;
      } else if (copied >= 0) {
        answer += text.slice(copied, line);
        copied = -1;
      }
      if (kind === 'to' && !text.slice(line, next).includes(';tag=')) {
        answer += `${text.slice(copied, next - 2)}${tag}\r\n`;
        copied = -1;
      }
      line = next;
    }
    if (copied >= 0) answer += text.slice(copied, line);
    if (!(length >= 0)) return { answers, requests, acknowledged, used: start, sound: false };
    const end = line + 2 + length;
    if (end > text.length) return { answers, requests, acknowledged, used: start, sound: true };
    if (text.startsWith('ACK ', start)) acknowledged += 1;
    else {
      const chosen = choose(text, start, line);
      if (typeof chosen !== 'string') {
        const { first, last, body } = chosen;
        answers += `${first}${answer}${lastLine}${last}${answer}Content-Length: ${body.length}\r\n\r\n${body}`;
      } else if (chosen !== '') answers += chosen + answer + lastLine;
      if (!text.startsWith('OPTIONS ', start)) requests += 1;
    }
    at = end;
  }
}

/** What to do with the header line at `at`. First letters decide for most lines; names are compared in any letter case. */
function lineKind(text: string, at: number): 'keep' | 'to' | 'length' | 'drop' {
  const letter = text.charCodeAt(at) | 32;
  const second = text.charCodeAt(at + 1) | 32;
  if (letter === 118 /* v */) return second === 105 || isColon(text, at + 1) ? 'keep' : 'drop';
  if (letter === 102 /* f */) return second === 114 || isColon(text, at + 1) ? 'keep' : 'drop';
  if (letter === 116 /* t */) return second === 111 || isColon(text, at + 1) ? 'to' : 'drop';
  if (letter === 105 /* i */) return isColon(text, at + 1) ? 'keep' : 'drop';
  if (letter === 108 /* l */) return isColon(text, at + 1) ? 'length' : 'drop';
  if (letter === 114 /* r */) return named(text, at, 'record-route:') ? 'keep' : 'drop';
  if (letter !== 99 /* c */) return 'drop';
  if (second === 97 /* a */) return named(text, at, 'call-id:') ? 'keep' : 'drop';
  if (second === 115 /* s */) return 'keep';
  return named(text, at, 'content-length:') ? 'length' : 'drop';
}

function isColon(text: string, at: number): boolean {
  return text.charCodeAt(at) === 58;
}

function named(text: string, at: number, name: string): boolean {
  return text.slice(at, at + name.length).toLowerCase() === name;
}
