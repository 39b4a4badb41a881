import 'reflect-metadata';
import { createHash, createPrivateKey, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Certificate, keyUsage, parseAnchors, spkiSha256 } from '../certificate.js';
import { Fault } from '../fault.js';
import { newSigningKey, readSigningKey, type SigningKey } from './key.js';
import { pemOf } from './pem.js';
import { type RevokedCertificate, reasonCode } from './revocation-list.js';
import { writeList, writeSigned } from './revocation-list-der.js';
import { newSerialNumber } from './serial-number.js';
import { signatureOf } from './signature-algorithm.js';

/** An authority as everybody may know it. */
export interface AuthorityCertificate {
  /** First 16 hex digits of the SHA-256 of its public key (SPKI). */
  readonly id: string;
  /** PEM, with a final line end. */
  readonly pem: string;
  readonly certificate: Certificate;
  /** SHA-256 of the certificate, lower-case hex: what an enrolment token carries. */
  readonly sha256: string;
  /** End of its time, ms since 1970. */
  readonly validTo: number;
}

/** An authority with its key. */
export interface Authority extends AuthorityCertificate {
  /** Its key, PEM. A secret. */
  readonly key: string;
  /** Signs a certificate. Returns PEM of it alone, with a final line end. */
  issue(order: CertificateOrder): Promise<string>;
  /** Signs a revocation list (PEM "X509 CRL", version 2 with a number). Both times ms since 1970; no certificate may be in it twice. */
  revocationList(order: RevocationListOrder): Promise<string>;
}

/** What a certificate is to say. */
export interface CertificateOrder {
  /** Public key (SPKI), DER. */
  readonly spki: Uint8Array;
  readonly commonName: string;
  /** Go in as `URI:sip:<domain>` (RFC 5922) and as DNS names, in this order. Vetted by the caller. */
  readonly sipDomains: readonly string[];
  readonly dnsNames: readonly string[];
  /** ms since 1970; both are rounded to seconds, and the end never lies behind the authority's own. */
  readonly from: number;
  readonly until: number;
  /** Extended key usages; default server, client and id-kp-sipDomain (RFC 5924). */
  readonly usages?: readonly (keyof typeof keyUsage)[];
}

/** What a revocation list shall say. `number` must be higher than that of the list before (RFC 5280 5.2.3); times in ms since 1970. */
export interface RevocationListOrder {
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly RevokedCertificate[];
}

const everyUsage = ['serverAuth', 'clientAuth', 'sipDomain'] as const;

/** Clocks of members differ: what begins now begins so much earlier, ms. */
export const clockMargin = 300_000;

function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** A name of one common name, taken as it is: in the library's text form some characters would have a meaning. */
function commonNameOf(text: string): Name {
  return new Name([{ CN: [{ utf8String: text }] }]);
}

/** Makes a new root authority with a P-256 key. `from` and `until` in ms since 1970. */
export async function createAuthority(commonName: string, from: number, until: number): Promise<Authority> {
  const key = await newSigningKey();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerialNumber(),
      name: commonNameOf(commonName),
      notBefore: wholeSecond(from),
      notAfter: wholeSecond(until),
      keys: { privateKey: key.privateKey, publicKey: key.publicKey },
      signingAlgorithm: key.algorithm,
      extensions: [
        // It signs members' certificates and no further authorities (RFC 5280 4.2.1.9).
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(key.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return authorityOf(readAuthorityCertificate(pemOf('CERTIFICATE', certificate.rawData), 'the new certificate'), key);
}

/** Reads an authority's certificate without its key. `from` is its path, for messages. Throws a Fault `authority`. */
export function readAuthorityCertificate(pem: string, from: string): AuthorityCertificate {
  const refuse = (what: string, cause?: unknown) =>
    new Fault('authority', `${from} ${what}`, { cure: 'make an authority with guildhall ca init --folder DIR', exitCode: 2, cause });
  let certificates: readonly Certificate[];
  try {
    certificates = parseAnchors([pem]);
  } catch (cause) {
    throw refuse('holds no certificate that can be read', cause);
  }
  const [certificate] = certificates;
  if (certificate === undefined || certificates.length !== 1) throw refuse('holds more than one certificate');
  if (!certificate.ca) throw refuse('holds a certificate that may not sign others (no CA:TRUE)');
  return {
    id: authorityId(certificate),
    pem: pemOf('CERTIFICATE', certificate.raw),
    certificate,
    sha256: createHash('sha256').update(certificate.raw).digest('hex'),
    validTo: Date.parse(certificate.validTo),
  };
}

/** Id of an authority: the first 16 hex digits of the SHA-256 of its public key. */
function authorityId(certificate: Certificate): string {
  return spkiSha256(certificate).slice(0, 16);
}

/** Reads an authority with its key, both PEM. The paths are for messages. Throws a Fault `authority` or `key`. */
export async function readAuthority(
  { certificate, key }: { readonly certificate: string; readonly key: string },
  paths: { readonly certificate: string; readonly key: string },
): Promise<Authority> {
  const known = readAuthorityCertificate(certificate, paths.certificate);
  const signing = await readSigningKey(key, paths.key);
  if (!known.certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(signing.spki)) {
    throw new Fault('authority', `${paths.key} is not the key of the certificate ${paths.certificate}`, {
      cure: 'give the pair that guildhall ca init wrote',
      exitCode: 2,
    });
  }
  return authorityOf(known, signing);
}

function authorityOf(known: AuthorityCertificate, key: SigningKey): Authority {
  const own = new X509Certificate(known.certificate.raw);
  return {
    ...known,
    key: key.pem,
    async issue(order) {
      const issued = await X509CertificateGenerator.create(
        {
          serialNumber: newSerialNumber(),
          subject: commonNameOf(order.commonName),
          issuer: own.subjectName,
          notBefore: wholeSecond(order.from),
          notAfter: wholeSecond(Math.min(order.until, known.validTo)),
          publicKey: order.spki,
          signingKey: key.privateKey,
          signingAlgorithm: key.algorithm,
          extensions: await leafExtensions(order, own),
        },
        webcrypto,
      );
      return pemOf('CERTIFICATE', issued.rawData);
    },
    async revocationList({ number, thisUpdate, nextUpdate, revoked }) {
      const signing = signatureOf(createPrivateKey(key.pem));
      const signed = writeSigned({
        algorithm: signing.algorithm,
        issuer: Buffer.from(own.subjectName.toArrayBuffer()),
        keyId: Buffer.from((await authorityKeyIdentifier(own)).keyId ?? '', 'hex'),
        number,
        thisUpdate,
        nextUpdate,
        entries: revoked.map(({ serial, at, reason }) => ({ serial, at, reason: reasonCode(reason) })),
      });
      return pemOf('X509 CRL', writeList(signed, signing.algorithm, signing.sign(signed)));
    },
  };
}

async function leafExtensions({ spki, sipDomains, dnsNames, usages = everyUsage }: CertificateOrder, own: X509Certificate) {
  const names: JsonGeneralName[] = [
    ...sipDomains.map((domain): JsonGeneralName => ({ type: 'url', value: `sip:${domain}` })),
    ...dnsNames.map((value): JsonGeneralName => ({ type: 'dns', value })),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(usages.map((usage) => keyUsage[usage])),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    await SubjectKeyIdentifierExtension.create(spki, false, webcrypto),
    await authorityKeyIdentifier(own),
  ];
}

/** Names the authority's key as its own certificate does, however that was computed (RFC 5280 4.2.1.1). */
async function authorityKeyIdentifier(own: X509Certificate): Promise<AuthorityKeyIdentifierExtension> {
  const subject = own.getExtension(SubjectKeyIdentifierExtension);
  if (subject !== null) return new AuthorityKeyIdentifierExtension(subject.keyId);
  return AuthorityKeyIdentifierExtension.create(own.publicKey, false, webcrypto);
}

/** The first certificate of a PEM text, as of a chain. Throws a TypeError where there is none. */
export function leafOf(pem: string): Certificate {
  const [leaf] = parseAnchors([pem]);
  if (leaf === undefined) throw new TypeError('no certificate in this PEM text');
  return leaf;
}
