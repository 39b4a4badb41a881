import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { keyUsage } from '@guildhall/chassis/certificate';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key as PEM texts. */
export interface SampleIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** A throw-away certificate authority for samples, the demo and tests. Its own `certificate` and `key` can be kept and read back. */
export interface SampleAuthority extends SampleIdentity {
  /** A certificate for SIP domains (URI:sip:<domain> and DNS) and further host names, good as server and as client (RFC 5922, RFC 5924). */
  issue(names: SampleNames): Promise<SampleIdentity>;
}

export interface SampleNames {
  readonly commonName: string;
  readonly domains: readonly string[];
  /** More DNS names, of proxies for instance; IP addresses are skipped. */
  readonly hosts?: readonly string[];
  /** Days from `now` on; default 365. Negative: expired already. */
  readonly days?: number;
  /** Extended key usages; default all of them. */
  readonly usages?: readonly (keyof typeof keyUsage)[];
  /** false leaves the DNS names of the domains away, so that only `URI:sip:` names them; default true. */
  readonly dns?: boolean;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 24 * 60 * 60 * 1000;
const everyUsage = ['serverAuth', 'clientAuth', 'sipDomain'] as const;

async function newKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));
}

/** Begins five minutes before `now`, for clocks that differ. A span that is over begins a day before its end. */
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  const end = now.getTime() + days * day;
  return { notBefore: new Date(Math.min(now.getTime() - 300_000, end - day)), notAfter: new Date(end) };
}

function alternativeNames({ domains, hosts = [], dns: alsoDns = true }: SampleNames): JsonGeneralName[] {
  const dns = [...new Set([...(alsoDns ? domains : []), ...hosts])].filter((name) => /[a-z]/i.test(name) && !name.includes(':'));
  return [
    ...domains.map((domain): JsonGeneralName => ({ type: 'url', value: `sip:${domain}` })),
    ...dns.map((name): JsonGeneralName => ({ type: 'dns', value: name })),
  ];
}

function issuer(certificate: X509Certificate, signingKey: webcrypto.CryptoKey, key: string, now: Date): SampleAuthority {
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key,
    async issue(names) {
      const keys = await newKeys();
      const issued = await X509CertificateGenerator.create(
        {
          subject: `CN=${names.commonName}`,
          issuer: certificate.subjectName,
          ...validity(now, names.days ?? 365),
          publicKey: keys.publicKey,
          signingKey,
          signingAlgorithm: algorithm,
          extensions: [
            new BasicConstraintsExtension(false, undefined, true),
            new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
            new ExtendedKeyUsageExtension((names.usages ?? everyUsage).map((use) => keyUsage[use])),
            new SubjectAlternativeNameExtension(alternativeNames(names)),
            await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
            await AuthorityKeyIdentifierExtension.create(certificate, false, webcrypto),
          ],
        },
        webcrypto,
      );
      return { certificate: `${issued.toString('pem')}\n`, key: await keyPem(keys.privateKey) };
    },
  };
}

/** Makes a new authority, valid for `days` (default 3650) from `now` on. */
export async function createSampleAuthority(commonName: string, now: Date, days = 3650): Promise<SampleAuthority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${commonName}`,
      ...validity(now, days),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 1, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return issuer(certificate, keys.privateKey, await keyPem(keys.privateKey), now);
}

/** An authority from what `createSampleAuthority` once made. Throws for PEM texts that are none. */
export async function readSampleAuthority({ certificate, key }: SampleIdentity, now: Date): Promise<SampleAuthority> {
  const der = Buffer.from(key.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  return issuer(new X509Certificate(certificate), signingKey, key, now);
}
