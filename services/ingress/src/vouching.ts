import type { X509Certificate } from 'node:crypto';
import { isNameConstrained } from '@guildhall/chassis/certificate';

/** Which authorities can stand behind a chain. Fingerprints, SHA-256, as `X509Certificate.fingerprint256` writes them. */
export interface Vouching {
  /** Every anchor to which some path of valid signatures leads, whatever the certificates on it are worth. */
  readonly possible: readonly string[];
  /** Those to which a path leads whose certificates between leaf and anchor are in date, may issue, and are not restricted to certain names. */
  readonly sound: readonly string[];
}

/** Certificates of a chain that are looked at; each costs signature checks. */
const longestChain = 8;

/**
 * Finds the anchors behind a chain (leaf first). OpenSSL checks a chain against all anchors of the listener at once and does not tell which
 * one it found; of two certificates for the same authority Node shows only one. A member's own anchors may vouch for that member
 * only, so a peer is believed only if every possible anchor may vouch for it and at least one does soundly. A name-constrained
 * certificate between counts as unsound, because the path on which OpenSSL enforced the constraint may have been another one.
 */
export function vouching(chain: readonly X509Certificate[], anchors: readonly X509Certificate[], now: number): Vouching {
  const leaf = chain[0];
  if (leaf === undefined) return { possible: [], sound: [] };
  const between = chain.slice(1, longestChain);
  const issued = rememberedIssuers();
  const possible = reach(leaf, between, anchors, issued);
  const sound = reach(
    leaf,
    between.filter((certificate) => mayStandBetween(certificate, now)),
    anchors,
    issued,
  );
  return { possible: [...possible], sound: [...sound] };
}

type Issued = (certificate: X509Certificate, issuer: X509Certificate) => boolean;

function reach(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  issued: Issued,
): Set<string> {
  const found = new Set<string>();
  const seen = new Set([leaf]);
  // A Set is walked in order of insertion, what is added on the way included.
  for (const certificate of seen) {
    for (const anchor of anchors) {
      if (anchor.fingerprint256 === certificate.fingerprint256 || issued(certificate, anchor)) found.add(anchor.fingerprint256);
    }
    for (const other of between) if (!seen.has(other) && issued(certificate, other)) seen.add(other);
  }
  return found;
}

/** Whether a certificate bears the issuer's signature; each pair is looked at once, for that is the dear part of a handshake. */
function rememberedIssuers(): Issued {
  const known = new Map<string, boolean>();
  return (certificate, issuer) => {
    if (!certificate.checkIssued(issuer)) return false;
    const pair = `${certificate.fingerprint256} ${issuer.fingerprint256}`;
    let holds = known.get(pair);
    if (holds === undefined) {
      holds = certificate.verify(issuer.publicKey);
      known.set(pair, holds);
    }
    return holds;
  };
}

function mayStandBetween(certificate: X509Certificate, now: number): boolean {
  return (
    certificate.ca && now >= Date.parse(certificate.validFrom) && now <= Date.parse(certificate.validTo) && !isNameConstrained(certificate)
  );
}
