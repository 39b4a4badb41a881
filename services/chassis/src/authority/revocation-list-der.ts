import { type DerElement, derElement, derInteger, derOid, derTag, derTime, readElement, readElements, readTime } from './der.js';

/**
 * The bytes of a revocation list (RFC 5280 5.1), read and written by hand. @peculiar/x509 refuses lists of some thousand entries, for it lets
 * nobody raise the bound of asn1js (maxNodes). With the bound raised and asn1-schema 8,000 entries take 0.75 s to read and 0.9 s to write
 * (asn1js alone 0.4 s), in which nothing else moves; here it is 0.03 s and 0.07 s.
 */
export interface ListParts {
  /** What is signed. */
  readonly signed: Uint8Array;
  /** Algorithm identifier (DER), the same inside and outside of what is signed. */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** The issuer's distinguished name, DER. */
  readonly issuer: Uint8Array;
  /** ms since 1970; `nextUpdate` is Infinity where there is none. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: readonly ListEntry[];
  readonly extensions: readonly ListExtension[];
}

/** One revoked certificate of a list (RFC 5280 5.3). */
export interface ListEntry {
  /** Hex of the INTEGER as it stands. */
  readonly serial: string;
  /** ms since 1970. */
  readonly at: number;
  /** Number of RFC 5280 5.3.1, 0 where none is told. */
  readonly reason: number;
}

/** An extension of a list or of one of its entries (RFC 5280 5.2, 5.3), not yet understood. */
export interface ListExtension {
  /** DER of the object identifier, hex. */
  readonly oid: string;
  readonly critical: boolean;
  /** What is in the OCTET STRING. */
  readonly value: Uint8Array;
}

/** Object identifiers of extensions, as `ListExtension.oid` has them. */
export const listExtension = {
  number: derOid('2.5.29.20').toString('hex'),
  reason: derOid('2.5.29.21').toString('hex'),
  delta: derOid('2.5.29.27').toString('hex'),
  distributionPoint: derOid('2.5.29.28').toString('hex'),
  certificateIssuer: derOid('2.5.29.29').toString('hex'),
  authorityKey: derOid('2.5.29.35').toString('hex'),
} as const;

/** Takes one element after the other out of a sequence. */
function reader(bytes: Uint8Array, { body, end }: DerElement) {
  let at = body;
  const peek = (): number | undefined => (at < end ? bytes[at] : undefined);
  const next = (...tags: readonly number[]): DerElement => {
    const element = readElement(bytes, at, end);
    if (tags.length > 0 && !tags.includes(element.tag)) throw new RangeError('another element was expected');
    at = element.end;
    return element;
  };
  const over = (): void => {
    if (at !== end) throw new RangeError('more than was expected');
  };
  return { peek, next, over };
}

function slice(bytes: Uint8Array, { start, end }: DerElement): Uint8Array {
  return bytes.subarray(start, end);
}

function contents(bytes: Uint8Array, { body, end }: DerElement): Uint8Array {
  return bytes.subarray(body, end);
}

const times = [derTag.utcTime, derTag.generalizedTime] as const;

/** Reads a list. Throws a RangeError for anything that breaks its form. */
export function readList(bytes: Uint8Array): ListParts {
  const whole = readElement(bytes, 0, bytes.length);
  if (whole.tag !== derTag.sequence || whole.end !== bytes.length) throw new RangeError('no revocation list');
  const outer = reader(bytes, whole);
  const signed = outer.next(derTag.sequence);
  const algorithm = outer.next(derTag.sequence);
  const signature = outer.next(derTag.bitString);
  outer.over();
  if (bytes[signature.body] !== 0) throw new RangeError('a signature of broken bytes');

  const inner = reader(bytes, signed);
  if (inner.peek() === derTag.integer) inner.next();
  const named = inner.next(derTag.sequence);
  if (!Buffer.from(slice(bytes, named)).equals(slice(bytes, algorithm))) throw new RangeError('two signature algorithms');
  const issuer = inner.next(derTag.sequence);
  const thisUpdate = readTime(bytes, inner.next(...times));
  const tag = inner.peek();
  const nextUpdate = tag === derTag.utcTime || tag === derTag.generalizedTime ? readTime(bytes, inner.next()) : Number.POSITIVE_INFINITY;
  const entries = inner.peek() === derTag.sequence ? readEntries(bytes, inner.next()) : [];
  const extensions = inner.peek() === derTag.context0 ? readExtensions(bytes, reader(bytes, inner.next()).next(derTag.sequence)) : [];
  inner.over();
  return {
    signed: slice(bytes, signed),
    algorithm: slice(bytes, algorithm),
    signature: bytes.subarray(signature.body + 1, signature.end),
    issuer: slice(bytes, issuer),
    thisUpdate,
    nextUpdate,
    entries,
    extensions,
  };
}

function readEntries(bytes: Uint8Array, list: DerElement): ListEntry[] {
  const entries: ListEntry[] = [];
  for (const element of readElements(bytes, list.body, list.end)) {
    if (element.tag !== derTag.sequence) throw new RangeError('no entry');
    const parts = reader(bytes, element);
    const serial = Buffer.from(contents(bytes, parts.next(derTag.integer))).toString('hex');
    const at = readTime(bytes, parts.next(...times));
    const extensions = parts.peek() === derTag.sequence ? readExtensions(bytes, parts.next()) : [];
    parts.over();
    if (serial === '') throw new RangeError('no serial number');
    // Of an indirect list, whose entries may be another authority's (RFC 5280 5.3.3).
    if (extensions.some(({ oid }) => oid === listExtension.certificateIssuer)) throw new RangeError('an indirect list');
    const reason = extensions.find(({ oid }) => oid === listExtension.reason)?.value;
    entries.push({ serial, at, reason: reason?.[0] === derTag.enumerated && reason.length === 3 ? (reason[2] ?? 0) : 0 });
  }
  return entries;
}

function readExtensions(bytes: Uint8Array, list: DerElement): ListExtension[] {
  const extensions: ListExtension[] = [];
  for (const element of readElements(bytes, list.body, list.end)) {
    const parts = reader(bytes, element);
    const oid = Buffer.from(slice(bytes, parts.next(derTag.oid))).toString('hex');
    const critical = parts.peek() === derTag.boolean && contents(bytes, parts.next())[0] !== 0;
    extensions.push({ oid, critical, value: contents(bytes, parts.next(derTag.octetString)) });
    parts.over();
  }
  return extensions;
}

/** What is to be signed of a list, version 2. `keyId` is the authority's key identifier. */
export function writeSigned(list: {
  readonly algorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly keyId: Uint8Array;
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: readonly ListEntry[];
}): Buffer {
  const entries = list.entries.map(({ serial, at, reason }) => {
    const told = reason === 0 ? [] : [derElement(derTag.sequence, extension('2.5.29.21', Buffer.of(derTag.enumerated, 1, reason)))];
    return derElement(derTag.sequence, derInteger(BigInt(`0x${serial}`)), derTime(at), ...told);
  });
  // AuthorityKeyIdentifier: [0] IMPLICIT OCTET STRING.
  const key = extension('2.5.29.35', derElement(derTag.sequence, derElement(0x80, list.keyId)));
  const number = extension('2.5.29.20', derInteger(list.number));
  return derElement(
    derTag.sequence,
    derInteger(1n),
    list.algorithm,
    list.issuer,
    derTime(list.thisUpdate),
    derTime(list.nextUpdate),
    // An empty list is left out (RFC 5280 5.1.2.6).
    ...(entries.length === 0 ? [] : [derElement(derTag.sequence, ...entries)]),
    derElement(derTag.context0, derElement(derTag.sequence, key, number)),
  );
}

function extension(oid: string, value: Uint8Array): Buffer {
  return derElement(derTag.sequence, derOid(oid), derElement(derTag.octetString, value));
}

/** The whole list. */
export function writeList(signed: Uint8Array, algorithm: Uint8Array, signature: Uint8Array): Buffer {
  return derElement(derTag.sequence, signed, algorithm, derElement(derTag.bitString, Buffer.of(0), signature));
}
