import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import { Fault } from '../fault.js';
import { pemOf } from './pem.js';

/** How a key signs, as Web Cryptography wants it said. */
export type SigningAlgorithm =
  | { readonly name: 'ECDSA'; readonly namedCurve: 'P-256' | 'P-384' | 'P-521'; readonly hash: 'SHA-256' | 'SHA-384' | 'SHA-512' }
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: 'SHA-256' }
  | { readonly name: 'Ed25519' };

/** A key pair that can sign. */
export interface SigningKey {
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicKey: webcrypto.CryptoKey;
  readonly algorithm: SigningAlgorithm;
  /** PKCS #8, PEM, unencrypted. A secret. */
  readonly pem: string;
  /** The public key (SPKI), DER. */
  readonly spki: Buffer;
}

const curves: ReadonlyMap<string, SigningAlgorithm> = new Map([
  ['prime256v1', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }],
  ['secp384r1', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
  ['secp521r1', { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' }],
]);

/** Bits of RSA keys that are taken. Larger ones only cost whoever has to verify them. */
const rsaBits = { least: 2048, most: 8192 };
const leastExponent = 65_537n;

/** Which keys are taken, for sentences: "use ...". */
export const goodKeys = 'P-256, P-384, P-521, Ed25519, or RSA of 2048 to 8192 bits';

/** What is wrong with a public key for a certificate, in words that continue "the key ...", or undefined. */
export function keyFault(key: KeyObject): string | undefined {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      return curves.has(namedCurve ?? '') ? undefined : `is on the curve ${namedCurve ?? 'without a name'}`;
    case 'rsa':
      if (modulusLength < rsaBits.least || modulusLength > rsaBits.most) return `has ${modulusLength} bits`;
      return publicExponent < leastExponent ? `has the public exponent ${publicExponent}` : undefined;
    default:
      return `is of the kind ${key.asymmetricKeyType ?? 'unknown'}`;
  }
}

function algorithmOf(key: KeyObject): SigningAlgorithm | undefined {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return { name: 'Ed25519' };
    case 'rsa':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    default:
      return curves.get(key.asymmetricKeyDetails?.namedCurve ?? '');
  }
}

/** Makes a new P-256 key. */
export async function newSigningKey(): Promise<SigningKey> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const { privateKey, publicKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const pem = pemOf('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', privateKey));
  return { privateKey, publicKey, algorithm, pem, spki: Buffer.from(await webcrypto.subtle.exportKey('spki', publicKey)) };
}

/** Reads a private key from PEM of any usual form. `from` is its path, for messages. Throws a Fault `key`. */
export async function readSigningKey(pem: string, from: string): Promise<SigningKey> {
  const refuse = (what: string, cause?: unknown) =>
    new Fault('key', `${from} ${what}`, { cure: `give a PEM file with an unencrypted private key: ${goodKeys}`, exitCode: 2, cause });
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw refuse('holds no private key that can be read', cause);
  }
  const fault = keyFault(createPublicKey(key));
  const algorithm = algorithmOf(key);
  if (fault !== undefined || algorithm === undefined) throw refuse(`holds a key that cannot be used: it ${fault ?? 'cannot sign'}`);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
    algorithm,
    pem: pemOf('PRIVATE KEY', pkcs8),
    spki,
  };
}
