import { randomBytes } from 'node:crypto';
import type { Received } from './received.js';

/** What an actor wants to say; whatever is left out gets a good value. */
export interface Words {
  readonly method: string;
  readonly uri: string;
  /** Whole header values. */
  readonly from: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  /** Whole Via value; default one of TLS with a private host name. */
  readonly via?: string;
  /** undefined: 70; null: none. */
  readonly maxForwards?: number | null;
  /** Route values, one header field each. */
  readonly routes?: readonly string[];
  /** More header lines, each without its CRLF, as they are. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request ready to be said, with what follow-ups need. */
export interface Request {
  readonly text: string;
  readonly words: Words;
  readonly method: string;
  readonly uri: string;
  readonly via: string;
  readonly branch: string;
  readonly callId: string;
  readonly cseq: number;
  readonly from: string;
  readonly to: string;
}

/** A token nobody used before. */
export function fresh(prefix = ''): string {
  return `${prefix}${randomBytes(6).toString('hex')}`;
}

/** Writes a request. Nothing is checked: actors may talk nonsense. */
export function request(words: Words): Request {
  const branch = words.branch ?? fresh('z9hG4bK');
  const via = words.via ?? `SIP/2.0/TLS proxy.invalid:5061;branch=${branch}`;
  const callId = words.callId ?? fresh('call-');
  const cseq = words.cseq ?? 1;
  const from = words.from.includes(';tag=') ? words.from : `${words.from};tag=${fresh()}`;
  const to = words.to ?? `<${words.uri}>`;
  const maxForwards = words.maxForwards === undefined ? 70 : words.maxForwards;
  const body = words.body ?? '';
  const lines = [
    `${words.method} ${words.uri} SIP/2.0`,
    `Via: ${via}`,
    ...(maxForwards === null ? [] : [`Max-Forwards: ${maxForwards}`]),
    ...(words.routes ?? []).map((route) => `Route: ${route}`),
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${words.method}`,
    ...(words.headers ?? []),
    `Content-Length: ${body.length}`,
  ];
  return { text: `${lines.join('\r\n')}\r\n\r\n${body}`, words, method: words.method, uri: words.uri, via, branch, callId, cseq, from, to };
}

/** What an answer may carry besides what it copies from its request. */
export interface AnswerWords {
  readonly phrase?: string;
  /** Tag put on a To without one; default "answered". */
  readonly tag?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Writes a response as a user agent does (RFC 3261 8.2.6): Via, Record-Route, From, To, Call-ID and CSeq as they came. */
export function answer(to: Received, status: number, words: AnswerWords = {}): string {
  const target = to.header('to');
  const body = words.body ?? '';
  const lines = [
    `SIP/2.0 ${status} ${words.phrase ?? 'Said So'}`,
    ...to.headers('via').map((value) => `Via: ${value}`),
    ...to.headers('record-route').map((value) => `Record-Route: ${value}`),
    `From: ${to.header('from')}`,
    `To: ${target.includes(';tag=') || status === 100 ? target : `${target};tag=${words.tag ?? 'answered'}`}`,
    `Call-ID: ${to.header('call-id')}`,
    `CSeq: ${to.header('cseq')}`,
    ...(words.headers ?? []),
    `Content-Length: ${body.length}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** The CANCEL of an INVITE that was said (RFC 3261 9.1). */
export function cancel(invite: Request): Request {
  return request({ ...base(invite), method: 'CANCEL', uri: invite.uri, to: invite.to });
}

/** The hop-by-hop ACK of a refused INVITE (RFC 3261 17.1.1.3). */
export function acknowledge(invite: Request, final: Received): Request {
  return request({ ...base(invite), method: 'ACK', uri: invite.uri, to: final.header('to') });
}

function base(invite: Request): Omit<Words, 'method' | 'uri'> {
  const { via, branch, callId, cseq, from } = invite;
  return { via, branch, callId, cseq, from, ...(invite.words.routes === undefined ? {} : { routes: invite.words.routes }) };
}
