import { createHmac, createSecretKey } from 'node:crypto';
import type { UserHash } from '@guildhall/proto/records/record-user';

/** How many characters of base64url are kept of a hash: 96 bits. */
const characters = 16;

/** The hash that stands for users in records: HMAC-SHA256 with the hub's key, cut to 96 bits. About 2 µs: for a user that is not remembered. */
export function createUserHash(key: Uint8Array): UserHash {
  const secret = createSecretKey(key);
  return (user) => createHmac('sha256', secret).update(user, 'utf8').digest('base64url').slice(0, characters);
}
