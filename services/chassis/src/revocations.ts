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

/**
 * A serial number as a key: lower-case hex of its bytes without leading zeros. Takes what Node and CRLs write: of a negative number, which RFC 5280
 * 4.1.2.2 forbids and asks to be dealt with, Node tells sign and size, a list its bytes.
 */
export function serialKey(hex: string): string {
  const size = /^-([0-9a-f]+)$/i.exec(hex)?.[1];
  return (size === undefined ? hex : complementOf(BigInt(`0x${size}`))).toLowerCase().replace(/^0+/, '');
}

/** The bytes of a number below zero as DER has them, hex. `size` is what it is below zero. */
function complementOf(size: bigint): string {
  let bits = 8n;
  while (size > 1n << (bits - 1n)) bits += 8n;
  return ((1n << bits) - size).toString(16);
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
