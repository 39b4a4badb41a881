import { type KeyObject, sign, verify } from 'node:crypto';
import { derElement, derOid, derTag } from './der.js';

/** A signature algorithm as certificates and lists name it. */
interface SignatureAlgorithm {
  /** Kind of key, as Node names it. */
  readonly kind: 'ec' | 'rsa' | 'ed25519';
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** Algorithm identifier, DER. */
  readonly der: Buffer;
}

const none = derElement(derTag.null);
const identifier = (oid: string, ...parameters: readonly Buffer[]) => derElement(derTag.sequence, derOid(oid), ...parameters);

/** Those that are strong enough; SHA-1 is none of them (RFC 5758, RFC 4055, RFC 8410). */
const algorithms: readonly SignatureAlgorithm[] = [
  { kind: 'ec', hash: 'sha256', der: identifier('1.2.840.10045.4.3.2') },
  { kind: 'ec', hash: 'sha384', der: identifier('1.2.840.10045.4.3.3') },
  { kind: 'ec', hash: 'sha512', der: identifier('1.2.840.10045.4.3.4') },
  { kind: 'rsa', hash: 'sha256', der: identifier('1.2.840.113549.1.1.11', none) },
  { kind: 'rsa', hash: 'sha384', der: identifier('1.2.840.113549.1.1.12', none) },
  { kind: 'rsa', hash: 'sha512', der: identifier('1.2.840.113549.1.1.13', none) },
  { kind: 'ed25519', hash: null, der: identifier('1.3.101.112') },
];

/** Signs with the algorithm that goes with a key: its identifier (DER), and how. Throws a TypeError for a key that cannot sign. */
export function signatureOf(key: KeyObject): { readonly algorithm: Buffer; sign(bytes: Uint8Array): Buffer } {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = key;
  const hash =
    kind !== 'ec' ? undefined : details?.namedCurve === 'secp384r1' ? 'sha384' : details?.namedCurve === 'secp521r1' ? 'sha512' : 'sha256';
  const found = algorithms.find((one) => one.kind === kind && (hash === undefined || one.hash === hash));
  if (found === undefined) throw new TypeError('a key that cannot sign');
  return { algorithm: found.der, sign: (bytes) => sign(found.hash, bytes, key) };
}

/** Whether a signature is that of this key. False for algorithms that are too weak, unknown, or not of the key. */
export function isSigned(key: KeyObject, algorithm: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const found = algorithms.find(({ der }) => der.equals(algorithm));
  return found !== undefined && found.kind === key.asymmetricKeyType && verify(found.hash, bytes, key, signature);
}
