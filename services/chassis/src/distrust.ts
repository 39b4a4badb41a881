import type { CloseReason } from '@guildhall/proto/reason';
import { type Certificate, type CertificateFacts, chainEndsIn, sipNames } from './certificate.js';
import { type FarEnd, missingIssuer, reasonOfCode, weakness } from './certificate-reason.js';
import { type Revocations, revokedIn } from './revocations.js';

/** Who must be at the other end of a connection, where that is known beforehand. */
export interface Expectation {
  /** Lower-case names of which the certificate must carry one. */
  readonly names: readonly string[];
  /** SPKI SHA-256 fingerprints, lower-case hex, accepted instead of chain and name. */
  readonly pins: readonly string[];
  /** The authorities that may vouch; the socket was made with these and no others. */
  readonly anchors: readonly Certificate[];
  /** A common name will do where there is no subject alternative name. */
  readonly acceptCommonName: boolean;
}

/** What the answer depends on besides the certificate. */
export interface Judging {
  /** Undefined: not learned yet, so nobody is trusted. */
  readonly revocations: Revocations | undefined;
  /** Wall time, ms. */
  readonly at: number;
  readonly farEnd: FarEnd;
}

/**
 * Why the certificate at the other end is not to be trusted, or undefined when it is: pinned and in date, or its chain ends in an expected
 * anchor and it carries an expected name (RFC 5922 7.3), a common name only where the operator said so; and not revoked in either case. No
 * error code is tolerated.
 */
export function distrust(facts: CertificateFacts | undefined, expected: Expectation, judging: Judging): CloseReason | undefined {
  const { revocations, at, farEnd } = judging;
  if (revocations === undefined) return 'trust-unknown';
  if (facts === undefined) return 'no-certificate';
  // Put so that a date that cannot be read (NaN) refuses.
  if (!(at >= facts.validFrom)) return 'not-yet-valid';
  if (!(at <= facts.validTo)) return 'expired';
  const pinned = expected.pins.includes(facts.spkiSha256);
  // A pin stands for the leaf alone: what is between it and an authority is no matter.
  const judged = pinned ? facts.chain.slice(0, 1) : facts.chain;
  if (revokedIn(judged, [...facts.chain, ...expected.anchors], revocations) !== undefined) return 'revoked';
  if (pinned) return undefined;
  return chainFault(facts, expected, at, farEnd) ?? nameFault(facts, expected);
}

function chainFault(facts: CertificateFacts, { anchors }: Expectation, at: number, farEnd: FarEnd): CloseReason | undefined {
  if (!facts.authorized) {
    const reason = reasonOfCode(facts.authorizationError, farEnd);
    if (chainEndsIn(facts, anchors, at)) return reason;
    if (reason === 'expired' || reason === 'not-yet-valid' || reason === 'weak-key') return reason;
    // An authority that attached itself shows as a wrong purpose too: whose chain it is comes first.
    return missingIssuer(facts.chain, anchors) === '' ? 'untrusted-authority' : 'broken-chain';
  }
  if (!chainEndsIn(facts, anchors, at)) return 'untrusted-authority';
  return weakness(facts.keyKind, facts.keyBits) === '' ? undefined : 'weak-key';
}

function nameFault(facts: CertificateFacts, { names: expected, acceptCommonName }: Expectation): CloseReason | undefined {
  if (sipNames(facts).some((name) => expected.includes(name))) return undefined;
  if (facts.chain[0]?.subjectAltName === undefined) {
    return acceptCommonName && expected.includes(facts.commonName.toLowerCase()) ? undefined : 'common-name-only';
  }
  return facts.dnsNames.some((name) => coversByWildcard(name, expected)) ? 'wildcard-name' : 'name-of-no-member';
}

/** A wildcard that would have matched elsewhere, so that the log can say what to change (RFC 5922 7.2). */
function coversByWildcard(name: string, names: readonly string[]): boolean {
  return name.startsWith('*.') && names.some((one) => one.slice(one.indexOf('.')) === name.slice(1).toLowerCase());
}
