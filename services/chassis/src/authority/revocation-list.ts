import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { KeyUsageFlags, KeyUsagesExtension, X509Certificate, X509Crl, X509CrlReason } from '@peculiar/x509';
import type { Certificate } from '../certificate.js';
import { pemBlocks } from './pem.js';
import { plainSerialNumber } from './serial-number.js';

/** A word for why a certificate was revoked (RFC 5280 5.3.1). */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'privilegeWithdrawn';

const reasonCodes: Readonly<Record<RevocationReason, X509CrlReason>> = {
  unspecified: X509CrlReason.unspecified,
  keyCompromise: X509CrlReason.keyCompromise,
  cACompromise: X509CrlReason.cACompromise,
  affiliationChanged: X509CrlReason.affiliationChanged,
  superseded: X509CrlReason.superseded,
  cessationOfOperation: X509CrlReason.cessationOfOperation,
  privilegeWithdrawn: X509CrlReason.privilegeWithdrawn,
};

/** Every word for a reason. */
export const revocationReasons: readonly string[] = Object.keys(reasonCodes);

export function isRevocationReason(text: string): text is RevocationReason {
  return Object.hasOwn(reasonCodes, text);
}

/** The number that stands for a reason in a list. */
export function reasonCode(reason: RevocationReason): X509CrlReason {
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

const crlNumber = '2.5.29.20';
/** Critical extensions that change what a list means: a part of the certificates only, other authorities' certificates, a difference to another list. */
const scopes: ReadonlyMap<string, string> = new Map([
  ['2.5.29.27', 'it only tells the difference to another list (delta CRL)'],
  ['2.5.29.28', 'it is limited to a part of the certificates (issuing distribution point)'],
]);

/** Every list of a PEM text ("BEGIN X509 CRL"), in order. Throws a TypeError, in words that continue "the file ...", where there is none or one cannot be used. */
export function readRevocationLists(pem: string): RevocationList[] {
  const blocks = pemBlocks(pem, 'X509 CRL');
  if (blocks.length === 0) throw new TypeError('holds no revocation list (BEGIN X509 CRL)');
  return blocks.map(readOne);
}

function readOne(der: Buffer): RevocationList {
  let crl: X509Crl;
  let read: Omit<RevocationList, 'signedBy'>;
  try {
    crl = new X509Crl(der);
    read = {
      issuer: crl.issuer,
      number: numberOf(crl),
      thisUpdate: crl.thisUpdate.getTime(),
      nextUpdate: crl.nextUpdate?.getTime() ?? Number.POSITIVE_INFINITY,
      revoked: crl.entries.map(({ serialNumber, revocationDate, reason }) => ({
        serial: plainSerialNumber(serialNumber),
        at: revocationDate.getTime(),
        reason: reasonOf(reason),
      })),
    };
  } catch (cause) {
    throw new TypeError('holds a revocation list that cannot be read', { cause });
  }
  const scope = crl.extensions.map(({ type }) => scopes.get(type)).find((found) => found !== undefined);
  if (scope !== undefined) throw new TypeError(`holds a revocation list that cannot be used: ${scope}`);
  const foreign = crl.extensions.find(({ critical, type }) => critical && type !== crlNumber);
  if (foreign !== undefined) throw new TypeError(`holds a revocation list with the unknown critical extension ${foreign.type}`);
  return { ...read, signedBy: (authority) => signedBy(crl, authority) };
}

function reasonOf(code: X509CrlReason | undefined): RevocationReason {
  const found = Object.entries(reasonCodes).find(([, known]) => known === code)?.[0] ?? '';
  return isRevocationReason(found) ? found : 'unspecified';
}

/** CRLNumber is an INTEGER of at most 20 bytes. */
function numberOf(crl: X509Crl): bigint | undefined {
  const value = crl.getExtension(crlNumber)?.value;
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value);
  const length = bytes[1] ?? 0;
  if (bytes[0] !== 0x02 || length === 0 || length > 21 || bytes.length !== 2 + length) throw new TypeError('its number is no INTEGER');
  return BigInt(`0x${bytes.subarray(2).toString('hex')}`);
}

async function signedBy(crl: X509Crl, authority: Certificate): Promise<boolean> {
  if (!authority.ca) return false;
  try {
    const certificate = new X509Certificate(authority.raw);
    if (!Buffer.from(certificate.subjectName.toArrayBuffer()).equals(Buffer.from(crl.issuerName.toArrayBuffer()))) return false;
    const usages = certificate.getExtension(KeyUsagesExtension)?.usages;
    if (usages !== undefined && (usages & KeyUsageFlags.cRLSign) === 0) return false;
    return await crl.verify({ publicKey: certificate.publicKey }, webcrypto);
  } catch {
    return false;
  }
}
