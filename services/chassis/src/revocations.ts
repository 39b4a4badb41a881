import type { X509Certificate } from 'node:crypto';
import type { RevokedBy } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { spkiSha256 } from './certificate.js';

/** What is known to be revoked. Never changed, only replaced. */
export interface Revocations {
  /** Of policy, see RevocationsPage. */
  readonly version: bigint;
  /** Serial numbers in all. */
  readonly size: number;
  /** SHA-256 of the issuers' public keys (lower-case hex) by serial number (see `serialKey`). */
  readonly bySerial: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A serial number as a key: lower-case hex of the unsigned number without leading zeros. Takes what Node and CRLs write. */
export function serialKey(hex: string): string {
  return hex.toLowerCase().replace(/^0+/, '');
}

/** Makes the table of what policy told. */
export function revocationTable(version: bigint, lists: readonly RevokedBy[]): Revocations {
  const bySerial = new Map<string, Set<string>>();
  let size = 0;
  for (const { issuer, serials } of lists) {
    const by = Buffer.from(issuer).toString('hex');
    for (const serial of serials) {
      const key = serialKey(Buffer.from(serial).toString('hex'));
      const issuers = bySerial.get(key);
      if (issuers === undefined) bySerial.set(key, new Set([by]));
      else issuers.add(by);
      size += 1;
    }
  }
  return { version, size, bySerial };
}

/** Whether two tables say the same, whatever their versions. */
export function sameRevocations(one: Revocations, other: Revocations): boolean {
  if (one.bySerial.size !== other.bySerial.size) return false;
  for (const [serial, issuers] of one.bySerial) {
    const others = other.bySerial.get(serial);
    if (others === undefined || others.size !== issuers.size) return false;
    for (const issuer of issuers) if (!others.has(issuer)) return false;
  }
  return true;
}

/**
 * The first certificate of a chain (leaf first) that is revoked: the list of the key that signed it holds its number. The issuers are looked
 * for in the chain and among `anchors`; who only bears an issuer's name revokes nothing. Costs a look-up a certificate where nothing is revoked.
 */
export function revokedIn(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  revocations: Revocations,
): X509Certificate | undefined {
  return chain.find((certificate) => {
    const issuers = revocations.bySerial.get(serialKey(certificate.serialNumber));
    if (issuers === undefined) return false;
    const isIssuer = (other: X509Certificate) =>
      certificate.checkIssued(other) && issuers.has(spkiSha256(other)) && certificate.verify(other.publicKey);
    return chain.some(isIssuer) || anchors.some(isIssuer);
  });
}
