import { createKeyedHash, createUserHash } from '@guildhall/chassis/user-hash';
import { RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { recordSentence, recordUser } from '@guildhall/proto/records/record-user';
import { putHashedUser } from './hashed-user.js';
import type { UserNames } from './record-columns.js';

/** How users stand in records. */
export interface RecordUsers {
  /** As it is now: until the hub's key is known, who is to be hashed is left out and the domain alone stays. */
  now(): UserNames;
  /** Whether a key is needed that is not known. */
  wantsKey(): boolean;
  /** Takes the key of the hashes; false when it is none. */
  learn(key: Uint8Array): boolean;
}

/** The setting. */
export type Privacy = 'full' | 'hashed' | 'domain';

const keyBytes = 32;
const privacies: Readonly<Record<Privacy, RecordPrivacy>> = {
  full: RecordPrivacy.FULL,
  hashed: RecordPrivacy.HASHED,
  domain: RecordPrivacy.DOMAIN,
};

/** How users stand in records by that setting. */
export function createRecordUsers(privacy: Privacy): RecordUsers {
  const never = (): string => '';
  const plain = privacies[privacy === 'hashed' ? 'domain' : privacy];
  let current: UserNames = {
    privacy: plain,
    user: (uri) => recordUser(uri, plain, never),
    put: () => 0,
    sentence: (text) => recordSentence(text, plain, never),
  };
  let wants = privacy === 'hashed';
  return {
    now: () => current,
    wantsKey: () => wants,
    learn(key) {
      if (!wants || key.length !== keyBytes) return false;
      wants = false;
      const hash = createUserHash(key);
      const keyed = createKeyedHash(key);
      current = {
        privacy: RecordPrivacy.HASHED,
        user: (uri) => recordUser(uri, RecordPrivacy.HASHED, hash),
        put: (names, field, uri) => putHashedUser(names, field, uri, keyed),
        sentence: (text) => recordSentence(text, RecordPrivacy.HASHED, hash),
      };
      return true;
    },
  };
}
