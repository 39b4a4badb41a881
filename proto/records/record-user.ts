import { RecordPrivacy } from '../gen/guildhall/bus/v1/record.js';
import { uriPlace } from '../sip/uri.js';
import { userOfUri } from '../sip/user.js';

/** A keyed hash of a user, 11 characters of base64url. */
export type UserHash = (user: string) => string;

/** What stands for a user where users are hashed: "~q3t...@acme.example" for "alice@acme.example". What has no domain is its own. */
export function hashedUser(user: string, hash: UserHash): string {
  const at = user.lastIndexOf('@');
  return at < 0 ? `~${hash(user)}` : `~${hash(user)}@${user.slice(at + 1)}`;
}

const telephone = /^tel:([^;]{1,64})/i;

/** Visual separators say nothing (RFC 3966 5.1.1). */
function numberOf(uri: string): string {
  return (
    telephone
      .exec(uri)?.[1]
      ?.replace(/[-.()]/g, '')
      .toLowerCase() ?? ''
  );
}

function hostOf(uri: string): string {
  return uriPlace(uri)?.host ?? '';
}

/** As nearly all sound URIs are written: `userOfUri` would make the same of it, at four times the price. */
const plain = /^sips?:[A-Za-z0-9_.!~*'()&=+$,/-]+@[a-z0-9.-]*[a-z0-9]$/;

/**
 * What a record keeps of the URI in From or To: "alice@acme.example", its hash, or the domain alone; a number of a tel URI is "tel:+4912", its hash
 * and "tel". '' for what names neither user nor domain.
 */
export function recordUser(uri: string, privacy: RecordPrivacy, hash: UserHash): string {
  const user = plain.test(uri) ? uri.slice(uri.charCodeAt(3) === 0x3a ? 4 : 5) : userOfUri(uri);
  if (user !== '') {
    if (privacy === RecordPrivacy.FULL) return user;
    return privacy === RecordPrivacy.HASHED ? hashedUser(user, hash) : user.slice(user.lastIndexOf('@') + 1);
  }
  const number = numberOf(uri);
  if (number === '') return hostOf(uri);
  if (privacy === RecordPrivacy.FULL) return `tel:${number}`;
  return privacy === RecordPrivacy.HASHED ? `~${hash(`tel:${number}`)}@tel` : 'tel';
}

/**
 * Whoever may be named in a sentence: what stands before an @ and the host behind it. What has no such host is found too and stays, or it would be looked
 * for again from each of its characters.
 */
const named = /([^\s"'<>()@,;:]+)(?:@([A-Za-z0-9.-]*[A-Za-z0-9]))?/g;

/** A sentence as a record keeps it: a rule about a user names it, and so would who is told that the rule decided. */
export function recordSentence(sentence: string, privacy: RecordPrivacy, hash: UserHash): string {
  if (privacy === RecordPrivacy.FULL || !sentence.includes('@')) return sentence;
  return sentence.replace(named, (found: string, user: string, host: string | undefined) => {
    if (host === undefined) return found;
    const domain = host.toLowerCase();
    return privacy === RecordPrivacy.HASHED ? hashedUser(`${user}@${domain}`, hash) : domain;
  });
}
