import 'reflect-metadata';
import { KeyUsageFlags, KeyUsagesExtension, Name, X509Certificate } from '@peculiar/x509';
import type { Certificate } from '../certificate.js';
import { derTag } from './der.js';
import { pemBlocks } from './pem.js';
import { type ListParts, listExtension, readList } from './revocation-list-der.js';
import { plainSerialNumber } from './serial-number.js';
import { isSigned } from './signature-algorithm.js';

/** A word for why a certificate was revoked (RFC 5280 5.3.1). */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'privilegeWithdrawn';

const reasonCodes: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
};

/** Every word for a reason. */
export const revocationReasons: readonly string[] = Object.keys(reasonCodes);

/** Whether a text is one of `revocationReasons`, in the same letter case. */
export function isRevocationReason(text: string): text is RevocationReason {
  return Object.hasOwn(reasonCodes, text);
}

/** The number that stands for a reason in a list. */
export function reasonCode(reason: RevocationReason): number {
  return reasonCodes[reason];
}

/** One certificate of a list. */
export interface RevokedCertificate {
  /** Lower-case hex without leading zeros. */
  readonly serial: string;
  /** ms since 1970. */
  readonly at: number;
  /** Words that this hub does not use itself (certificateHold ...) are told as "unspecified": held is revoked too. */
  readonly reason: RevocationReason;
}

/** A certificate revocation list (RFC 5280 5), read but not trusted: ask `signedBy`. */
export interface RevocationList {
  /** The issuer's distinguished name, e.g. "CN=Steel Guild CA". A text of somebody else's. */
  readonly issuer: string;
  /** Grows with every list of one authority; undefined: the list has none. */
  readonly number: bigint | undefined;
  /** ms since 1970; `nextUpdate` is Infinity where the list names none. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly RevokedCertificate[];
  /** Whether this authority made it: the issuer's name is its subject, its key may sign lists, and the signature is its own. */
  signedBy(authority: Certificate): Promise<boolean>;
}

/** Critical extensions that change what a list means. */
const scopes: ReadonlyMap<string, string> = new Map([
  [listExtension.delta, 'it only tells the difference to another list (delta CRL)'],
  [listExtension.distributionPoint, 'it is limited to a part of the certificates (issuing distribution point)'],
]);
/** Longer names of an issuer are not looked at, bytes. */
const longestName = 4096;

/** Every list of a PEM text ("BEGIN X509 CRL"), in order. Throws a TypeError, in words that continue "the file ...", where there is none or one cannot be used. */
export function readRevocationLists(pem: string): RevocationList[] {
  const blocks = pemBlocks(pem, 'X509 CRL');
  if (blocks.length === 0) throw new TypeError('holds no revocation list (BEGIN X509 CRL)');
  return blocks.map(readOne);
}

function readOne(der: Buffer): RevocationList {
  let parts: ListParts;
  let issuer: string;
  let number: bigint | undefined;
  try {
    parts = readList(der);
    if (parts.issuer.length > longestName) throw new RangeError('too long a name');
    issuer = new Name(Uint8Array.from(parts.issuer)).toString();
    number = numberOf(parts);
  } catch (cause) {
    throw new TypeError('holds a revocation list that cannot be read', { cause });
  }
  for (const { oid, critical } of parts.extensions) {
    const scope = scopes.get(oid);
    if (scope !== undefined) throw new TypeError(`holds a revocation list that cannot be used: ${scope}`);
    if (critical && oid !== listExtension.number) throw new TypeError('holds a revocation list with an unknown critical extension');
  }
  return {
    issuer,
    number,
    thisUpdate: parts.thisUpdate,
    nextUpdate: parts.nextUpdate,
    revoked: parts.entries.map(({ serial, at, reason }) => ({ serial: plainSerialNumber(serial), at, reason: reasonOf(reason) })),
    signedBy: async (authority) => signedBy(parts, authority),
  };
}

const reasonWords: ReadonlyMap<number, string> = new Map(Object.entries(reasonCodes).map(([word, code]) => [code, word]));

function reasonOf(code: number): RevocationReason {
  const word = reasonWords.get(code) ?? '';
  return isRevocationReason(word) ? word : 'unspecified';
}

/** CRLNumber is an INTEGER of at most 20 bytes. */
function numberOf({ extensions }: ListParts): bigint | undefined {
  const value = extensions.find(({ oid }) => oid === listExtension.number)?.value;
  if (value === undefined) return undefined;
  const length = value[1] ?? 0;
  if (value[0] !== derTag.integer || length === 0 || length > 21 || value.length !== 2 + length) throw new RangeError('no number');
  return BigInt(`0x${Buffer.from(value.subarray(2)).toString('hex')}`);
}

function signedBy(parts: ListParts, authority: Certificate): boolean {
  if (!authority.ca) return false;
  try {
    const certificate = new X509Certificate(authority.raw);
    if (!Buffer.from(certificate.subjectName.toArrayBuffer()).equals(parts.issuer)) return false;
    const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
    if (usages !== undefined && (usages & KeyUsageFlags.cRLSign) === 0) return false;
    return isSigned(authority.publicKey, parts.algorithm, parts.signed, parts.signature);
  } catch {
    return false;
  }
}
