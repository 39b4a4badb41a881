import { randomBytes } from 'node:crypto';
import type { Certificate } from '../certificate.js';

/** A new serial number: 16 random bytes as lower-case hex, positive and of full length (RFC 5280 4.1.2.2). */
export function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** A serial number in the one form in which they are compared: lower-case hex without leading zeros ("0" for zero). */
export function plainSerialNumber(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, '');
}

/** The serial number of a certificate, lower-case hex without leading zeros. */
export function serialNumberOf(certificate: Certificate): string {
  return plainSerialNumber(certificate.serialNumber);
}
