import { X509Certificate } from 'node:crypto';
import { type Revocations, serialKey } from '@guildhall/chassis/revocations';

/**
 * The certificates that a peer showed, leaf first, as a connection keeps them: in bytes, but for authorities that are here anyway. Parsed, each
 * is an object of OpenSSL that lives until a full garbage collection, and those of a thousand peers that left are freed in one pause.
 */
export interface ShownChain {
  readonly certificates: readonly (Buffer | X509Certificate)[];
  /** Serial numbers as keys of revocation lists. */
  readonly serials: readonly string[];
}

/** What is to be kept of a chain. */
export function shownChain(chain: readonly X509Certificate[], anchors: readonly X509Certificate[]): ShownChain {
  return {
    certificates: chain.map((one) => (anchors.includes(one) ? one : one.raw)),
    serials: chain.map(({ serialNumber }) => serialKey(serialNumber)),
  };
}

/** The chain, to be looked at once more. */
export function parseShown({ certificates }: ShownChain): X509Certificate[] {
  return certificates.map((one) => (one instanceof X509Certificate ? one : new X509Certificate(one)));
}

/** Whether some list holds one of its numbers: whether that is its issuer's is still to be found out. */
export function mayBeRevoked({ serials }: ShownChain, revocations: Revocations): boolean {
  return serials.some((serial) => revocations.bySerial.has(serial));
}
