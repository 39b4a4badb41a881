import { createHash, timingSafeEqual } from 'node:crypto';

/** A token's text in its parts. */
export interface TokenText {
  readonly kind: 'access' | 'enrolment';
  readonly id: string;
  /** Hex. */
  readonly secret: string;
  /** Of an enrolment token: SHA-256 of the authority's certificate, lower-case hex, or ''. */
  readonly authoritySha256: string;
}

/** Random bytes of an id and of a secret. */
export const tokenBytes = { id: 5, secret: 24 } as const;

/** gh1_a_<id>_<secret>, or gh1_e_<id>_<secret>_<authority sha256>. No part has a _ of its own. */
const shape = /^gh1_([ae])_([0-9a-f]{10})_([0-9a-f]{48})(?:_([0-9a-f]{64}))?$/;

/** The longest text there is, in characters. */
export const longestTokenText = 4 + 2 + 11 + 48 + 65;

/** Reads a token's text; undefined for everything that is none. */
export function readTokenText(text: string): TokenText | undefined {
  if (text.length > longestTokenText) return undefined;
  const [, letter, id = '', secret = '', authoritySha256 = ''] = shape.exec(text) ?? [];
  if (letter === undefined || (letter === 'a' && authoritySha256 !== '')) return undefined;
  return { kind: letter === 'a' ? 'access' : 'enrolment', id, secret, authoritySha256 };
}

/** Writes it. */
export function tokenText({ kind, id, secret, authoritySha256 }: TokenText): string {
  const text = `gh1_${kind === 'access' ? 'a' : 'e'}_${id}_${secret}`;
  return authoritySha256 === '' ? text : `${text}_${authoritySha256}`;
}

/** What is kept of a secret: SHA-256. A secret is 192 random bits, so that nothing slower is needed. */
export function secretHash(secret: string): Buffer {
  return createHash('sha256').update(secret, 'latin1').digest();
}

/** Whether a secret has this hash, in a time that does not depend on where they differ. */
export function hasHash(secret: string, hash: Uint8Array): boolean {
  return isSameHash(secretHash(secret), hash);
}

/** Whether two hashes are the same, in such a time. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
