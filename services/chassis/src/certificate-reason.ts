import type { X509Certificate } from 'node:crypto';
import type { CloseReason } from '@guildhall/proto/reason';

/** Smallest RSA modulus and curve accepted, bits. */
const leastRsaBits = 2048;
const leastCurveBits = 256;

/** What the far end must be allowed to be: it dialled us, or we dialled it. */
export type FarEnd = 'client' | 'server';

/** The closed list's reason for an error of OpenSSL's chain check, as Node names it. What is not known is no trust. */
export function reasonOfCode(code: string, farEnd: FarEnd): CloseReason {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'expired';
    case 'CERT_NOT_YET_VALID':
      return 'not-yet-valid';
    case 'CERT_REVOKED':
      return 'revoked';
    case 'INVALID_PURPOSE':
      return farEnd === 'client' ? 'not-for-clients' : 'not-for-servers';
    case 'EE_KEY_TOO_SMALL':
    case 'CA_KEY_TOO_SMALL':
    case 'CA_MD_TOO_WEAK':
      return 'weak-key';
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
    case 'UNABLE_TO_DECRYPT_CERT_SIGNATURE':
    case 'INVALID_CA':
    case 'PATH_LENGTH_EXCEEDED':
    case 'CERT_CHAIN_TOO_LONG':
      return 'broken-chain';
    default:
      return 'untrusted-authority';
  }
}

/** Why a key is too weak: "RSA of 1024 bits"; '' when it is good. */
export function weakness(keyKind: string, keyBits: number): string {
  if ((keyKind === 'rsa' || keyKind === 'rsa-pss') && keyBits < leastRsaBits) return `RSA of ${keyBits} bits`;
  if (keyKind === 'ec' && keyBits < leastCurveBits) return `a curve of ${keyBits} bits`;
  if (keyKind === 'dsa') return 'DSA';
  return '';
}

/**
 * Where a chain that leads to no anchor breaks off: the issuer whose certificate was not sent, as a distinguished name. '' when it ends in
 * a certificate that issued itself, or in the name of an anchor: then nothing is missing, its authority is just not the right one.
 */
export function missingIssuer(chain: readonly X509Certificate[], anchors: readonly X509Certificate[]): string {
  const top = chain.at(-1);
  if (top === undefined || top.subject === top.issuer) return '';
  return anchors.some((anchor) => anchor.subject === top.issuer) ? '' : top.issuer;
}
