/**
 * The closed list of reasons for which the hub refuses, fails or closes: one code, one SIP status, in one table.
 * A code is never reused for something else. The sentence for a case is written where the case is decided and travels with the
 * code into the response, the log and `explain`.
 */
export const reasons = {
  // Requests that ingress refuses by themselves.
  'bad-message': { status: 400, about: 'The message breaks the grammar of RFC 3261; the sentence says where.' },
  'message-too-large': { status: 513, about: 'The message is larger than the hub passes on.' },
  'unsupported-scheme': { status: 416, about: 'The Request-URI is neither sip, sips nor tel (RFC 3261 16.3).' },
  'too-many-hops': { status: 483, about: 'Max-Forwards reached 0 (RFC 3261 16.3).' },
  loop: { status: 482, about: 'The request was here before with the same target (RFC 5393).' },
  'extension-required': { status: 420, about: 'Proxy-Require names an extension the hub does not have.' },
  'from-not-yours': { status: 403, about: 'The From domain does not belong to the member that sent the request.' },
  'asserted-identity-not-yours': { status: 403, about: 'P-Asserted-Identity names a domain that does not belong to the sender.' },
  'foreign-route': { status: 403, about: 'A Route header leads somewhere the hub does not route to.' },
  'bad-route-token': { status: 403, about: 'The Route carries no token of this hub for this member, or an expired one.' },
  'no-such-transaction': { status: 481, about: 'A CANCEL that matches no INVITE of this peer.' },
  'rate-limit': { status: 503, about: 'This member sends more requests a second than the hub takes from one member.' },
  'in-flight-limit': { status: 503, about: 'This connection or member has too many unanswered requests.' },
  // Verdicts of policy.
  allowed: { status: 0, about: 'The request is passed on.' },
  'direct-partner': { status: 302, about: 'The two members agreed to talk directly: the answer names the partner’s door.' },
  'unknown-domain': { status: 404, about: 'No member has this domain.' },
  'unknown-peer': { status: 403, about: 'The sender is no member (any more).' },
  'peer-not-active': { status: 403, about: 'The sending member is pending, suspended or quarantined.' },
  'target-not-active': { status: 403, about: 'The receiving member is pending, suspended or quarantined.' },
  'denied-by-rule': { status: 403, about: 'A rule of the community denies it.' },
  'not-a-partner': { status: 403, about: 'In the direct model only the organization and its partners talk to each other.' },
  // What becomes of an admitted request.
  'no-answer': { status: 504, about: 'The far member did not answer in time.' },
  'member-unreachable': { status: 500, about: 'No proxy of the far member could be reached.' },
  'member-overloaded': { status: 500, about: 'Every proxy of the far member answered 503.' },
  'member-untrusted': { status: 500, about: 'The far member’s proxy did not prove who it is.' },
  'member-queue-full': { status: 500, about: 'Too much waits for the far member already.' },
  cancelled: { status: 487, about: 'The sender cancelled the INVITE before the far member was reached.' },
  'bad-gateway': { status: 502, about: 'The far member’s answer could not be understood.' },
  // The hub itself.
  'hub-unavailable': { status: 503, about: 'The hub cannot reach its own services; try again after the time given.' },
  'hub-overloaded': { status: 503, about: 'The hub has more requests than it can take; try again after the time given.' },
  'hub-draining': { status: 503, about: 'This instance of the hub is going away; reconnect to reach another.' },
} as const satisfies Record<string, { status: number; about: string }>;

export type ReasonCode = keyof typeof reasons;

/** Whether a text from outside (the bus, a stored verdict) is a code of the table. */
export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(reasons, text);
}

/**
 * Why a connection is closed at the handshake or before SIP is parsed (DESIGN of trust: one of a closed list).
 * `cure` is what the member's operator should do.
 */
export const closeReasons = {
  'no-certificate': { about: 'The peer presented no certificate.', cure: 'configure a client certificate' },
  'untrusted-authority': {
    about: 'The chain does not end in the community’s authority or one of that member’s own.',
    cure: 'use a certificate issued for this community, and send the whole chain',
  },
  'broken-chain': { about: 'A certificate of the chain is missing or does not fit.', cure: 'send the intermediate certificates too' },
  expired: { about: 'The certificate is past its end.', cure: 'renew the certificate' },
  'not-yet-valid': { about: 'The certificate’s time has not begun.', cure: 'check the clock, or wait' },
  revoked: { about: 'The certificate is on a revocation list.', cure: 'ask the community operator for a new one' },
  'not-for-clients': {
    about: 'The certificate may not be used as a client (no clientAuth) and is not pinned.',
    cure: 'use a certificate with clientAuth, or ask the operator to pin this one',
  },
  'weak-key': { about: 'The key or signature is too weak.', cure: 'use P-256, Ed25519 or RSA of at least 2048 bits' },
  'wildcard-name': { about: 'The only matching name is a wildcard, which SIP forbids (RFC 5922 7.2).', cure: 'name the domain itself' },
  'common-name-only': {
    about: 'The certificate has no subject alternative name.',
    cure: 'put URI:sip:<domain> or DNS:<domain> into the certificate',
  },
  'name-of-no-member': { about: 'No name in the certificate belongs to a member.', cure: 'use a certificate that carries your SIP domain' },
  'names-of-several-members': {
    about: 'The names in the certificate belong to more than one member.',
    cure: 'use one certificate a member',
  },
  'member-not-active': { about: 'The member is pending, suspended or quarantined.', cure: 'ask the community operator' },
  'handshake-timeout': { about: 'The TLS handshake was not finished in time.', cure: 'check for a firewall that swallows packets' },
  'handshake-failed': { about: 'The TLS handshake failed.', cure: 'speak TLS 1.2 or 1.3 on this port' },
  'too-many-connections': { about: 'The member or address has too many connections.', cure: 'reuse connections' },
  'trust-unknown': { about: 'The hub has not learned its members yet.', cure: 'try again in a moment' },
} as const satisfies Record<string, { about: string; cure: string }>;

export type CloseReason = keyof typeof closeReasons;
