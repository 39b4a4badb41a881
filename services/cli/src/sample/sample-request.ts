import type { Outgoing } from './sample-exchange.js';

/** Who writes a request: what goes into Via, From and Contact where the request does not say. */
export interface Writer {
  readonly id: string;
  readonly domain: string;
  /** host:port of the member's own proxy, for Via and Contact. */
  readonly sentBy: string;
}

/** Methods whose request and answers name where the sender is reached in the dialog (RFC 3261 8.1.1.8, RFC 6665). */
const withContact = new Set(['INVITE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE', 'OPTIONS']);

/** The user part of a sip or sips URI, or `fallback`. */
export function userOf(uri: string, fallback: string): string {
  return /^sips?:([^@;>]+)@/i.exec(uri)?.[1] ?? fallback;
}

/** Contact of a user of this writer: a private address, as members' phones have. */
export function contactOf(writer: Writer, user: string): string {
  return `<sip:${user}@${writer.sentBy};transport=tls>`;
}

function hasHeader(outgoing: Outgoing, name: string): boolean {
  return (outgoing.headers ?? []).some(([given]) => given.toLowerCase() === name);
}

/**
 * Writes a request as latin1 text, byte for byte as asked: this is a test's and demo's pen, so it does not refuse what is wrong.
 * `token` makes fresh random tokens.
 */
export function requestText(outgoing: Outgoing, writer: Writer, token: () => string): string {
  const from = outgoing.from ?? `sip:${writer.id}@${writer.domain}`;
  const lines = [
    `${outgoing.method} ${outgoing.uri} SIP/2.0`,
    `Via: SIP/2.0/TLS ${writer.sentBy};branch=${outgoing.branch ?? `z9hG4bK${token()}`};rport`,
    `Max-Forwards: ${outgoing.maxForwards ?? 70}`,
    ...(outgoing.route ?? []).map((value) => `Route: ${value}`),
    `From: <${from}>;tag=${outgoing.fromTag ?? token()}`,
    `To: <${outgoing.to ?? outgoing.uri}>${outgoing.toTag === undefined ? '' : `;tag=${outgoing.toTag}`}`,
    `Call-ID: ${outgoing.callId ?? `${token()}@${writer.domain}`}`,
    `CSeq: ${outgoing.cseq ?? 1} ${outgoing.method}`,
  ];
  if (withContact.has(outgoing.method) && !hasHeader(outgoing, 'contact'))
    lines.push(`Contact: ${contactOf(writer, userOf(from, writer.id))}`);
  for (const [name, value] of outgoing.headers ?? []) lines.push(`${name}: ${value}`);
  const body = outgoing.body ?? '';
  if (body !== '' && !hasHeader(outgoing, 'content-type')) lines.push('Content-Type: text/plain');
  lines.push(`Content-Length: ${body.length}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
