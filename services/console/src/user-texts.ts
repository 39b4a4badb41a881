import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Bus } from '@guildhall/chassis/bus';
import { BusError } from '@guildhall/chassis/bus-error';
import { createUserHash } from '@guildhall/chassis/user-hash';
import { PrivacyKeyAnswer, PrivacyKeyQuestion } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { hashedUser } from '@guildhall/proto/records/record-user';
import { subjects } from '@guildhall/proto/subjects';

/** What a user, "alice@acme.example", may be written as in records. */
export type UserTexts = (user: string) => Promise<string[]>;

const patience = 3000;
const keyBytes = 32;

/** Asks policy for the key of the hashes when it is first needed, and keeps it: it never changes. */
export function createUserTexts(bus: Pick<Bus, 'request'>): UserTexts {
  let hash: ((user: string) => string) | undefined;
  return async (text) => {
    if (text === '') return [];
    const given = text.replace(/^sips?:/i, '');
    const at = given.lastIndexOf('@');
    const user = given.slice(0, at + 1) + given.slice(at + 1).toLowerCase();
    const telephone = /^tel:/i.test(given);
    if (at <= 0 && !telephone) return [user];
    hash ??= createUserHash(await askKey(bus));
    if (!telephone) return [user, hashedUser(user, hash)];
    const number = given.toLowerCase();
    return [number, `~${hash(number)}@tel`];
  };
}

async function askKey(bus: Pick<Bus, 'request'>): Promise<Uint8Array> {
  try {
    const question = PrivacyKeyQuestion.encode({}).finish();
    const { key } = PrivacyKeyAnswer.decode(await bus.request(subjects.privacyKey, question, patience));
    if (key.length === keyBytes) return key;
  } catch (thrown) {
    if (!(thrown instanceof BusError)) throw thrown;
  }
  throw new ApiFault('unavailable', 'policy does not tell the key of the hashes that stand for users', 'search again in a while');
}
