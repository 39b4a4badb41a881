import { createHmac } from 'node:crypto';
import type { UserHash } from '@guildhall/proto/records/record-user';

/** How many characters of base64url are kept of a hash: 96 bits. */
const characters = 16;

/** The hash that stands for users in records: HMAC-SHA256 with the hub's key. */
export function createUserHash(key: Uint8Array): UserHash {
  return (user) => createHmac('sha256', key).update(user, 'utf8').digest('base64url').slice(0, characters);
}
