import { type Certificate, type CertificateFacts, chainEndsIn, sipNames } from '@guildhall/chassis/certificate';
import type { CloseReason } from '@guildhall/proto/reason';

/** Who must be at the other end of a link. */
export interface Expectation {
  /** Lower-case names of which the certificate must carry one. */
  readonly names: readonly string[];
  /** SPKI SHA-256 fingerprints, lower-case hex, accepted instead of chain and name. */
  readonly pins: readonly string[];
  /** The authorities that may vouch for this member; the socket was made with these and no others. */
  readonly anchors: readonly Certificate[];
  /** A common name will do where there is no subject alternative name. */
  readonly acceptCommonName: boolean;
}

/** Smallest RSA modulus and curve accepted, bits. */
const leastRsaBits = 2048;
const leastCurveBits = 256;

/**
 * Why the certificate at the other end is not to be trusted, or undefined when it is: pinned and in date, or its chain ends
 * in an expected anchor and it carries an expected name (RFC 5922 7.3), a common name only where the operator said so. `at` is wall time, ms. No error code is tolerated.
 */
export function distrust(facts: CertificateFacts | undefined, expected: Expectation, at: number): CloseReason | undefined {
  if (facts === undefined) return 'no-certificate';
  if (at < facts.validFrom) return 'not-yet-valid';
  if (at > facts.validTo) return 'expired';
  if (expected.pins.includes(facts.spkiSha256)) return undefined;
  if (!facts.authorized) return reasonOf(facts.authorizationError);
  if (!chainEndsIn(facts, expected.anchors, at)) return 'untrusted-authority';
  if (isWeak(facts)) return 'weak-key';
  const names = sipNames(facts);
  if (names.some((name) => expected.names.includes(name))) return undefined;
  if (facts.chain[0]?.subjectAltName === undefined) {
    return expected.acceptCommonName && expected.names.includes(facts.commonName.toLowerCase()) ? undefined : 'common-name-only';
  }
  return facts.dnsNames.some((name) => coversByWildcard(name, expected.names)) ? 'wildcard-name' : 'name-of-no-member';
}

function isWeak(facts: CertificateFacts): boolean {
  if (facts.keyKind === 'rsa' || facts.keyKind === 'rsa-pss') return facts.keyBits < leastRsaBits;
  return facts.keyKind === 'ec' && facts.keyBits < leastCurveBits;
}

/** A wildcard that would have matched elsewhere, so that the log can say what to change (RFC 5922 7.2). */
function coversByWildcard(name: string, names: readonly string[]): boolean {
  return name.startsWith('*.') && names.some((one) => one.slice(one.indexOf('.')) === name.slice(1).toLowerCase());
}

/** OpenSSL's error code as one of the closed list. */
function reasonOf(error: string): CloseReason {
  switch (error) {
    case 'CERT_HAS_EXPIRED':
      return 'expired';
    case 'CERT_NOT_YET_VALID':
      return 'not-yet-valid';
    case 'CERT_REVOKED':
      return 'revoked';
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return 'broken-chain';
    default:
      return 'untrusted-authority';
  }
}
