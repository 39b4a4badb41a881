import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';

/** The one key of the bucket that holds it. */
const bucketKey = 'privacy';
const keyBytes = 32;

/**
 * The key of the hashes that stand for users in records: made at the first time, the same for all instances, and never changed, or the same user
 * would have two names. Rejects with a KeyValueError; and with an Error for what is there and is no key.
 */
export async function privacyKey(bucket: Pick<KeyValue, 'create' | 'get'>, random: (bytes: number) => Uint8Array): Promise<Uint8Array> {
  const known = await bucket.get(bucketKey);
  if (known !== undefined) return checked(known.value);
  const made = random(keyBytes);
  try {
    await bucket.create(bucketKey, made);
    return made;
  } catch (thrown) {
    if (!(thrown instanceof KeyValueError && thrown.code === 'conflict')) throw thrown;
    // Another instance was faster.
    const theirs = await bucket.get(bucketKey);
    if (theirs === undefined) throw thrown;
    return checked(theirs.value);
  }
}

function checked(key: Uint8Array): Uint8Array {
  if (key.length !== keyBytes) throw new Error(`the key for users in records has ${key.length} bytes, and must have ${keyBytes}`);
  return key;
}
