import { createNameTable } from './name-table.js';
import { octetsOf, type Source } from './octets.js';
import { tokenEnd } from './parameter.js';

/**
 * Ids of the header fields the hub looks at. One id a field, whatever its letter case or compact form: every rule compares ids,
 * so no spelling slips past a rule (RFC 3261 7.3.1, 7.3.3).
 */
export const Header = {
  other: 0,
  via: 1,
  from: 2,
  to: 3,
  callId: 4,
  cseq: 5,
  maxForwards: 6,
  contentLength: 7,
  route: 8,
  recordRoute: 9,
  contact: 10,
  event: 11,
  proxyRequire: 12,
  pAssertedIdentity: 13,
  pPreferredIdentity: 14,
  /** ms-edge-proxy-message-trust: another edge's claim about who it trusts. */
  edgeProxyTrust: 15,
  reason: 16,
  warning: 17,
  timestamp: 18,
  contentType: 19,
  require: 20,
  supported: 21,
  unsupported: 22,
  retryAfter: 23,
  expires: 24,
  subscriptionState: 25,
  referTo: 26,
  identity: 27,
  privacy: 28,
  maxBreadth: 29,
  sessionId: 30,
  subject: 31,
  contentEncoding: 32,
  allowEvents: 33,
  referredBy: 34,
  sessionExpires: 35,
  server: 36,
  userAgent: 37,
  proxyAuthorization: 38,
  date: 39,
} as const;

/** A value of `Header`: 0 for every field the hub does not look at. */
export type HeaderId = (typeof Header)[keyof typeof Header];

/** Long names in lower case, and the compact forms of the IANA registry. */
const headerNames: readonly (readonly [string, HeaderId])[] = [
  ['via', Header.via],
  ['v', Header.via],
  ['from', Header.from],
  ['f', Header.from],
  ['to', Header.to],
  ['t', Header.to],
  ['call-id', Header.callId],
  ['i', Header.callId],
  ['cseq', Header.cseq],
  ['max-forwards', Header.maxForwards],
  ['content-length', Header.contentLength],
  ['l', Header.contentLength],
  ['route', Header.route],
  ['record-route', Header.recordRoute],
  ['contact', Header.contact],
  ['m', Header.contact],
  ['event', Header.event],
  ['o', Header.event],
  ['proxy-require', Header.proxyRequire],
  ['p-asserted-identity', Header.pAssertedIdentity],
  ['p-preferred-identity', Header.pPreferredIdentity],
  ['ms-edge-proxy-message-trust', Header.edgeProxyTrust],
  ['reason', Header.reason],
  ['warning', Header.warning],
  ['timestamp', Header.timestamp],
  ['content-type', Header.contentType],
  ['c', Header.contentType],
  ['require', Header.require],
  ['supported', Header.supported],
  ['k', Header.supported],
  ['unsupported', Header.unsupported],
  ['retry-after', Header.retryAfter],
  ['expires', Header.expires],
  ['subscription-state', Header.subscriptionState],
  ['refer-to', Header.referTo],
  ['r', Header.referTo],
  ['identity', Header.identity],
  ['y', Header.identity],
  ['privacy', Header.privacy],
  ['max-breadth', Header.maxBreadth],
  ['session-id', Header.sessionId],
  ['subject', Header.subject],
  ['s', Header.subject],
  ['content-encoding', Header.contentEncoding],
  ['e', Header.contentEncoding],
  ['allow-events', Header.allowEvents],
  ['u', Header.allowEvents],
  ['referred-by', Header.referredBy],
  ['b', Header.referredBy],
  ['session-expires', Header.sessionExpires],
  ['x', Header.sessionExpires],
  ['server', Header.server],
  ['user-agent', Header.userAgent],
  ['proxy-authorization', Header.proxyAuthorization],
  ['date', Header.date],
];

const lookUp = createNameTable(headerNames, true);

/**
 * The id of the header name in [start, end), `Header.other` for a name the hub does not know.
 * Any letter case; compact forms fold into the long form's id.
 */
export function headerId(source: Source, start: number, end: number): number {
  const { buffer, start: base } = octetsOf(source, start, end);
  return tokenEnd(buffer, base + start, base + end) === base + end ? headerIdOf(buffer, base + start, base + end) : Header.other;
}

/** The same for a name that stands in bytes[start, end) and is known to be a token. Hot path; allocates nothing. */
export function headerIdOf(bytes: Uint8Array, start: number, end: number): number {
  return lookUp(bytes, start, end) ?? Header.other;
}
