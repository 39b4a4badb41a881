import { hash } from 'node:crypto';
import type { UserHash } from '@guildhall/proto/records/record-user';

/** How many characters of base64url are kept of a hash: 96 bits. */
const characters = 16;

/**
 * The hash that stands for users in records: SHA-256 of the hub's key and then the user, cut to 96 bits. Whoever does not have the key can neither make
 * nor check one; as 160 bits are never told, nothing can be made longer that was hashed. HMAC would say the same at four times the price (1.8 µs
 * beside 0.45), and a hub of many users has a new one with most records.
 */
export function createUserHash(key: Uint8Array): UserHash {
  const secret = Buffer.from(key).toString('hex');
  return (user) => hash('sha256', secret + user, 'base64url').slice(0, characters);
}
