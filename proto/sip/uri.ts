import { lowerHost } from './host.js';
import { octetsOf, type Source } from './octets.js';
import { SipError } from './sip-error.js';
import { createUriSpans, scanUri, schemeOf, uriRunEnd } from './uri-scan.js';

/** A URI taken apart. Texts are as sent (escapes kept) unless said otherwise. */
export interface Uri {
  /** Lower case: sip, sips, tel or any other. */
  readonly scheme: string;
  /** sip(s): the user part without password, '' if none; tel: the number; other: everything behind the colon. */
  readonly user: string;
  /** sip(s): lower case, an IPv6 reference with its brackets, no trailing dot; else ''. */
  readonly host: string;
  /** 0 if none is given. */
  readonly port: number;
  /** URI parameters, names lower case, values as sent, '' for a flag. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What follows `?`, without it. */
  readonly headers: string;
  /** The URI as sent. */
  readonly text: string;
}

/** Whom and where a sip or sips URI names. */
export interface UriPlace {
  /** As `Uri` has them. */
  readonly scheme: 'sip' | 'sips';
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Where parameters, headers or the end follow. */
  readonly tail: number;
}

/** Filled by each `uriDomain` and `uriPlace`, and read before they return. */
const spans = createUriSpans();

/** Reads a URI (RFC 3261 19.1, RFC 3966, else only the scheme). Throws SipError 'uri'. */
export function parseUri(text: string): Uri {
  const scheme = schemeOf(text, 0, text.length);
  if (scheme === '') throw new SipError('uri', 'a URI without a scheme');
  if (!isUriText(text)) throw new SipError('uri', 'a URI with a character or escape it may not have');
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(text);
  if (scheme === 'tel') return parseTelUri(text);
  if (text.length === scheme.length + 1) throw new SipError('uri', 'a URI that ends behind its scheme');
  return { scheme, user: text.slice(scheme.length + 1), host: '', port: 0, parameters: new Map(), headers: '', text };
}

/**
 * Host of the sip or sips URI in [start, end): lower case, no trailing dot, IPv6 in brackets; '' for any other scheme or a broken URI.
 * Hot path, given a Message: allocates little more than the result, which may be a slice that keeps the head alive: copy it before keeping it
 * for long.
 */
export function uriDomain(source: Source, start: number, end: number): string {
  const octets = octetsOf(source, start, end);
  const { buffer, start: base } = octets;
  if (scanUri(buffer, base + start, base + end, spans) !== base + end || spans.host < 0) return '';
  return lowerHost(octets, spans.host - base, spans.hostEnd - base);
}

/**
 * Whom and where the sip or sips URI `text` names; undefined for any other and for a broken one. Parameters and headers are not looked at: what a
 * proxy passes on may have any, so whoever asks who is meant must not stumble over them.
 */
export function uriPlace(text: string): UriPlace | undefined {
  const octets = octetsOf(text, 0, text.length);
  if (scanUri(octets.buffer, 0, text.length, spans) !== text.length || spans.host < 0) return undefined;
  const { host, hostEnd, tail } = spans;
  const scheme = text[3] === ':' ? 'sip' : 'sips';
  const userinfo = text.slice(scheme.length + 1, Math.max(host - 1, scheme.length + 1));
  const password = userinfo.indexOf(':');
  return {
    scheme,
    user: password < 0 ? userinfo : userinfo.slice(0, password),
    host: lowerHost(octets, host, hostEnd),
    port: tail > hostEnd ? Number(text.slice(hostEnd + 1, tail)) : 0,
    tail,
  };
}

function parseSipUri(text: string): Uri {
  const place = uriPlace(text);
  if (place === undefined) throw new SipError('uri', 'a sip URI whose user, host or port breaks the grammar');
  const { scheme, user, host, port, tail } = place;
  const mark = text.indexOf('?', tail);
  return {
    scheme,
    user,
    host,
    port,
    parameters: uriParameters(text, tail, mark < 0 ? text.length : mark),
    headers: mark < 0 ? '' : text.slice(mark + 1),
    text,
  };
}

function parseTelUri(text: string): Uri {
  const mark = text.indexOf(';');
  const end = mark < 0 ? text.length : mark;
  const number = text.slice(4, end);
  // RFC 3966 3: digits, hexadecimal letters, * and # for local numbers, visual separators.
  if (!/^\+?[0-9A-Fa-f*#.()-]+$/.test(number) || !/[0-9A-Fa-f*#]/.test(number)) throw new SipError('uri', 'a tel URI without a number');
  return { scheme: 'tel', user: number, host: '', port: 0, parameters: uriParameters(text, end, text.length), headers: '', text };
}

function uriParameters(text: string, start: number, end: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (start === end) return parameters;
  for (const parameter of text.slice(start + 1, end).split(';')) {
    const equal = parameter.indexOf('=');
    const name = (equal < 0 ? parameter : parameter.slice(0, equal)).toLowerCase();
    if (name === '') throw new SipError('uri', 'a URI parameter without a name');
    // RFC 3261 19.1.1: a parameter name must not appear more than once.
    if (parameters.has(name)) throw new SipError('uri', 'a URI parameter that appears twice');
    parameters.set(name, equal < 0 ? '' : parameter.slice(equal + 1));
  }
  return parameters;
}

/** Whether a whole text has only characters and escapes that may stand in a URI. */
export function isUriText(text: string): boolean {
  return uriRunEnd(octetsOf(text, 0, text.length).buffer, 0, text.length) === text.length;
}
