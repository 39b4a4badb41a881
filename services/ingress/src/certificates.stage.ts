import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  Extension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its key, PEM. */
export interface Paper {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate of a test shall say. `ca` makes it an authority, `onlyFor` one for a single DNS name and what is below it. */
export interface Wishes {
  readonly cn: string;
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  /** Default: both server and client. */
  readonly usage?: readonly ('server' | 'client')[];
  /** Days from now; default -1 and 1. */
  readonly from?: number;
  readonly until?: number;
  readonly ca?: boolean;
  readonly onlyFor?: string | undefined;
}

/** Who issues certificates in a test. */
export interface Issuer extends Paper {
  issue(wishes: Wishes): Promise<Paper>;
  /** An authority below this one, which may be for the names of one domain only. */
  below(cn: string, onlyFor?: string): Promise<Issuer>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const usages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };
const day = 86_400_000;

cryptoProvider.set(webcrypto);

/** A fresh root. */
export async function issuer(cn: string): Promise<Issuer> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${cn}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return issuerOf(certificate, keys);
}

async function issuerOf(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<Issuer> {
  const issue = async (wishes: Wishes): Promise<{ certificate: X509Certificate; keys: webcrypto.CryptoKeyPair }> => {
    const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const names = [
      ...(wishes.uris ?? []).map((value) => ({ type: 'url' as const, value })),
      ...(wishes.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ];
    const made = await X509CertificateGenerator.create({
      subject: `CN=${wishes.cn}`,
      issuer: certificate.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() + (wishes.from ?? -1) * day),
      notAfter: new Date(Date.now() + (wishes.until ?? 1) * day),
      extensions: [
        new BasicConstraintsExtension(wishes.ca === true, undefined, true),
        ...(wishes.ca === true ? [] : [new ExtendedKeyUsageExtension((wishes.usage ?? ['server', 'client']).map((one) => usages[one]))]),
        ...(wishes.onlyFor === undefined ? [] : [new Extension('2.5.29.30', true, permitted(wishes.onlyFor))]),
        ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    return { certificate: made, keys: own };
  };
  return {
    ...(await paper(certificate, keys)),
    async issue(wishes) {
      const made = await issue(wishes);
      return paper(made.certificate, made.keys);
    },
    async below(cn, onlyFor) {
      const made = await issue({ cn, ca: true, onlyFor });
      return issuerOf(made.certificate, made.keys);
    },
  };
}

async function paper(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<Paper> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { cert: `${certificate.toString('pem')}\n`, key };
}

/** DER of name constraints that permit one DNS name and what is below it (RFC 5280 4.2.1.10). */
function permitted(domain: string): Uint8Array<ArrayBuffer> {
  const wrap = (tag: number, inner: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from([tag, inner.length, ...inner]);
  return wrap(0x30, wrap(0xa0, wrap(0x30, wrap(0x82, Buffer.from(domain)))));
}
