/** What one code means. */
export interface Reason {
  /** SIP status of the answer; 0: none is given. */
  readonly status: number;
  /** The number that ms-diagnostics-public carries to members that read it (MS-OCER 2.2.1.2; 1000 to 1999 are the SIP stack's); 0: none. */
  readonly diagnostics: number;
  readonly about: string;
  /** What the sender's operator should do. */
  readonly cure: string;
}

/**
 * The closed list of reasons for which the hub refuses, fails or closes: one code, one SIP status, in one table.
 * A code is never reused for something else. The sentence for a case is written where the case is decided and travels with the
 * code into the response, the log and `explain`.
 */
export const reasons = {
  // Requests that ingress refuses by themselves.
  'bad-message': {
    status: 400,
    diagnostics: 1000,
    about: 'The message breaks the grammar of RFC 3261; the sentence says where.',
    cure: 'look at what the sentence names, in the software that wrote the message',
  },
  'message-too-large': {
    status: 513,
    diagnostics: 1000,
    about: 'The message is larger than the hub passes on.',
    cure: 'send less in one message, or ask the community operator for a higher limit',
  },
  'unsupported-scheme': {
    status: 416,
    diagnostics: 1000,
    about: 'The Request-URI is neither sip, sips nor tel (RFC 3261 16.3).',
    cure: 'address a sip or sips URI',
  },
  'too-many-hops': {
    status: 483,
    diagnostics: 1000,
    about: 'Max-Forwards reached 0 (RFC 3261 16.3).',
    cure: 'look for proxies that send to each other in a circle',
  },
  loop: {
    status: 482,
    diagnostics: 1000,
    about: 'The request was here before with the same target (RFC 5393).',
    cure: 'look for proxies that send back what the hub sent them',
  },
  'extension-required': {
    status: 420,
    diagnostics: 1000,
    about: 'Proxy-Require names an extension the hub does not have.',
    cure: 'leave Proxy-Require out of what goes to other organizations',
  },
  'from-not-yours': {
    status: 403,
    diagnostics: 1002,
    about: 'The From domain does not belong to the member that sent the request.',
    cure: 'send with a From of your own domains, or ask the community operator to add the domain',
  },
  'asserted-identity-not-yours': {
    status: 403,
    diagnostics: 1002,
    about: 'P-Asserted-Identity names a domain that does not belong to the sender.',
    cure: 'take P-Asserted-Identity of other domains out before the hub',
  },
  'foreign-route': {
    status: 403,
    diagnostics: 1004,
    about: 'A Route header leads somewhere the hub does not route to.',
    cure: 'send without Route headers but the hub’s own',
  },
  'bad-route-token': {
    status: 403,
    diagnostics: 1004,
    about: 'The Route carries no token of this hub for this member, or an expired one.',
    cure: 'open the dialog anew',
  },
  'no-such-transaction': {
    status: 481,
    diagnostics: 1000,
    about: 'A CANCEL that matches no INVITE of this peer.',
    cure: 'nothing: the request it cancels has ended',
  },
  'rate-limit': {
    status: 503,
    diagnostics: 1007,
    about: 'This member sends more requests a second than the hub takes from one member.',
    cure: 'send less, or ask the community operator for a higher limit',
  },
  'partner-rate': {
    status: 480,
    diagnostics: 1007,
    about: 'This discovered partner sends more requests a second than the hub takes from it.',
    cure: 'send less, or ask the operator to make you a member',
  },
  'partner-contacts': {
    status: 403,
    diagnostics: 1012,
    about: 'This discovered partner addressed more different users than the hub lets it.',
    cure: 'ask the operator to make you a member',
  },
  'in-flight-limit': {
    status: 503,
    diagnostics: 1007,
    about: 'This connection or member has too many unanswered requests.',
    cure: 'wait for answers before sending more',
  },
  // Verdicts of policy.
  allowed: {
    status: 0,
    diagnostics: 0,
    about: 'The request is passed on.',
    cure: 'nothing: it went through',
  },
  'direct-partner': {
    status: 302,
    diagnostics: 0,
    about: 'The two members agreed to talk directly: the answer names the partner’s door.',
    cure: 'send to the Contact of the answer',
  },
  'unknown-domain': {
    status: 404,
    diagnostics: 1005,
    about: 'No member has this domain.',
    cure: 'check the address; guildhall explain shows who has which domain',
  },
  'unknown-peer': {
    status: 403,
    diagnostics: 1002,
    about: 'The sender is no member (any more).',
    cure: 'ask the community operator whether you are a member still',
  },
  'peer-not-active': {
    status: 403,
    diagnostics: 1012,
    about: 'The sending member is pending, suspended or quarantined.',
    cure: 'ask the community operator; the sentence has the reason',
  },
  'target-not-active': {
    status: 403,
    diagnostics: 1005,
    about: 'The receiving member is pending, suspended or quarantined.',
    cure: 'nothing on your side: the other organization is out for now',
  },
  'denied-by-rule': {
    status: 403,
    diagnostics: 1027,
    about: 'A rule of the community denies it.',
    cure: 'ask the community operator about the rule that the sentence names',
  },
  'not-allowed': {
    status: 403,
    diagnostics: 1012,
    about: 'No rule and no agreement allows it, and this community refuses what is not allowed by name.',
    cure: 'ask the community operator for a rule, or agree with the other member',
  },
  'over-limit': {
    status: 480,
    diagnostics: 1007,
    about: 'A rule of the community limits how often this may be sent.',
    cure: 'wait as long as Retry-After says, or ask the community operator about the rule',
  },
  'not-a-partner': {
    status: 403,
    diagnostics: 1005,
    about: 'In the direct model only the organization and its partners talk to each other.',
    cure: 'address a partner of the organization',
  },
  // What becomes of an admitted request.
  'no-answer': {
    status: 504,
    diagnostics: 1007,
    about: 'The far member did not answer in time.',
    cure: 'try again later; the other organization’s proxy is silent',
  },
  'member-unreachable': {
    status: 500,
    diagnostics: 1007,
    about: 'No proxy of the far member could be reached.',
    cure: 'try again later; the other organization’s proxies are down',
  },
  'member-overloaded': {
    status: 500,
    diagnostics: 1007,
    about: 'Every proxy of the far member answered 503.',
    cure: 'try again later',
  },
  'member-not-located': {
    status: 500,
    diagnostics: 1008,
    about: 'DNS names no proxy of the far member.',
    cure: 'tell the other organization to publish SRV records of its domain',
  },
  'member-untrusted': {
    status: 500,
    diagnostics: 1010,
    about: 'The far member’s proxy did not prove who it is.',
    cure: 'tell the community operator: the other organization’s certificate is wrong',
  },
  'member-queue-full': {
    status: 500,
    diagnostics: 1007,
    about: 'Too much waits for the far member already.',
    cure: 'try again later',
  },
  cancelled: {
    status: 487,
    diagnostics: 0,
    about: 'The sender cancelled the INVITE before the far member was reached.',
    cure: 'nothing: you cancelled it',
  },
  'bad-gateway': {
    status: 502,
    diagnostics: 1034,
    about: 'The far member’s answer could not be understood.',
    cure: 'tell the other organization: its proxy answers nonsense',
  },
  // The hub itself.
  'hub-unavailable': {
    status: 503,
    diagnostics: 1007,
    about: 'The hub cannot reach its own services; try again after the time given.',
    cure: 'try again as Retry-After says',
  },
  'hub-overloaded': {
    status: 503,
    diagnostics: 1007,
    about: 'The hub has more requests than it can take; try again after the time given.',
    cure: 'try again as Retry-After says',
  },
  'hub-draining': {
    status: 503,
    diagnostics: 1007,
    about: 'This instance of the hub is going away; reconnect to reach another.',
    cure: 'connect again',
  },
} as const satisfies Record<string, Reason>;

/** A code of the table of reasons, such as "hub-draining": in verdicts, Reason headers, logs and figures alike. */
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
  'broken-chain': {
    about: 'A certificate of the chain is missing or does not fit.',
    cure: 'send the intermediate certificates too, and use a certificate issued for this community',
  },
  expired: { about: 'The certificate is past its end.', cure: 'renew the certificate' },
  'not-yet-valid': { about: 'The certificate’s time has not begun.', cure: 'check the clock, or wait' },
  revoked: { about: 'The certificate is on a revocation list.', cure: 'ask the community operator for a new one' },
  'not-for-clients': {
    about: 'The certificate may not be used as a client (no clientAuth) and is not pinned.',
    cure: 'use a certificate with clientAuth, or ask the operator to pin this one',
  },
  'not-for-servers': {
    about: 'The certificate may not be used as a server (no serverAuth) and is not pinned.',
    cure: 'use a certificate with serverAuth, or ask the operator to pin this one',
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
  introduced: {
    about: 'The peer is no member yet; the hub looks it up in DNS as a discovered partner.',
    cure: 'connect again in a moment, and publish an SRV record _sips._tcp or _sipfederationtls._tcp for your domain',
  },
  'member-not-active': { about: 'The member is pending, suspended or quarantined.', cure: 'ask the community operator' },
  'handshake-timeout': { about: 'The TLS handshake was not finished in time.', cure: 'check for a firewall that swallows packets' },
  'handshake-failed': { about: 'The TLS handshake failed.', cure: 'speak TLS 1.2 or 1.3 on this port' },
  'too-many-connections': { about: 'The member or address has too many connections.', cure: 'reuse connections' },
  'too-many-handshakes': {
    about: 'Too many connections of this address, or of all, wait for their TLS handshake.',
    cure: 'connect again in a few seconds, and not with all connections at once',
  },
  'trust-unknown': { about: 'The hub has not learned its members yet.', cure: 'try again in a moment' },
} as const satisfies Record<string, { about: string; cure: string }>;

/** A code of the table of close reasons, such as "no-certificate": in logs, figures and the list of who was turned away. */
export type CloseReason = keyof typeof closeReasons;
