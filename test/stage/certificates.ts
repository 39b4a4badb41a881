import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import { type Folder, openFolder } from './folder.js';

/** A certificate with its key, as text and as files. */
export interface Identity {
  /** PEM of the leaf and, where asked for, of what follows it in the chain. */
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** SHA-256 of the leaf's SubjectPublicKeyInfo, lower-case hex: what a member is pinned by. */
  readonly pin: string;
  /** Lower-case hex. */
  readonly serial: string;
}

/** What a certificate says; everything has a good default but the names. */
export interface CertificateWishes {
  /** Stem of the file names, and the CN where no other is wished. */
  readonly name: string;
  readonly commonName?: string;
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  /** Extended key usages; default both and id-kp-sipDomain (RFC 5924). */
  readonly usages?: readonly ('server' | 'client' | 'sip')[];
  /** Hours from now at which it begins and ends; default -1 and +24. */
  readonly from?: number;
  readonly until?: number;
  readonly key?: 'p256' | 'rsa-1024';
  /** Send the authority's own certificate after the leaf. */
  readonly attachAuthority?: boolean;
}

/** A throw-away certificate authority. */
export interface Authority {
  readonly cert: string;
  readonly certFile: string;
  issue(wishes: CertificateWishes): Promise<Identity>;
  /** An authority that this one has signed; its certificate is not among the anchors of anybody. */
  below(name: string): Promise<Authority>;
  /** Writes the list of these serial numbers as a PEM file and gives its path. Each list is a file of its own. */
  revoke(serials: readonly string[]): Promise<string>;
  /** Of its own certificate. */
  readonly serial: string;
}

/** A safe of throw-away certificates in a folder of its own. Make one a test file: keys are the slow part. */
export interface Safe {
  readonly folder: Folder;
  authority(name: string): Promise<Authority>;
  close(): void;
}

const sipDomain = '1.3.6.1.5.5.7.3.20';
const usageIds = { server: ExtendedKeyUsage.serverAuth, client: ExtendedKeyUsage.clientAuth, sip: sipDomain } as const;
const algorithms = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'rsa-1024': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 1024 },
} as const;
const hour = 3_600_000;

export function openSafe(): Safe {
  cryptoProvider.set(webcrypto);
  const folder = openFolder('certificates');
  return { folder, authority: (name) => createAuthority(folder, name), close: () => folder.close() };
}

async function createAuthority(folder: Folder, name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithms.p256, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 48 * hour),
    notAfter: new Date(Date.now() + 48 * hour),
    signingAlgorithm: algorithms.p256,
    keys,
    extensions: authorityExtensions(),
  });
  return authorityOf(folder, name, root, keys);
}

function authorityOf(folder: Folder, name: string, root: X509Certificate, keys: webcrypto.CryptoKeyPair): Authority {
  const cert = `${root.toString('pem')}\n`;
  const certFile = folder.file(`${name}.ca.crt`);
  writeFileSync(certFile, cert);
  let lists = 0;

  return {
    cert,
    certFile,
    serial: root.serialNumber,
    async below(below) {
      const own = await webcrypto.subtle.generateKey(algorithms.p256, true, ['sign', 'verify']);
      const certificate = await X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: `CN=${below}`,
        issuer: root.subject,
        notBefore: new Date(Date.now() - 24 * hour),
        notAfter: new Date(Date.now() + 24 * hour),
        signingAlgorithm: algorithms.p256,
        signingKey: keys.privateKey,
        publicKey: own.publicKey,
        extensions: authorityExtensions(),
      });
      return authorityOf(folder, below, certificate, own);
    },
    async revoke(serials) {
      lists += 1;
      const list = await X509CrlGenerator.create({
        issuer: root.subject,
        thisUpdate: new Date(Date.now() - hour),
        nextUpdate: new Date(Date.now() + 24 * hour),
        entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: new Date() })),
        signingAlgorithm: algorithms.p256,
        signingKey: keys.privateKey,
      });
      const file = folder.file(`${name}.${lists}.crl`);
      writeFileSync(file, `${list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----').replaceAll('X509 X509', 'X509')}\n`);
      return file;
    },
    async issue(wishes) {
      const algorithm = algorithms[wishes.key ?? 'p256'];
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const leaf = await X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: `CN=${wishes.commonName ?? wishes.name}`,
        issuer: root.subject,
        notBefore: new Date(Date.now() + (wishes.from ?? -1) * hour),
        notAfter: new Date(Date.now() + (wishes.until ?? 24) * hour),
        signingAlgorithm: algorithms.p256,
        signingKey: keys.privateKey,
        publicKey: own.publicKey,
        extensions: extensionsFor(wishes),
      });
      const chain = `${leaf.toString('pem')}\n${wishes.attachAuthority === true ? cert : ''}`;
      const key = `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY')}\n`;
      const stem = `${name}.${wishes.name}`;
      const identity: Identity = {
        cert: chain,
        key,
        certFile: folder.file(`${stem}.crt`),
        keyFile: folder.file(`${stem}.key`),
        serial: leaf.serialNumber,
        pin: createHash('sha256').update(Buffer.from(leaf.publicKey.rawData)).digest('hex'),
      };
      writeFileSync(identity.certFile, chain);
      writeFileSync(identity.keyFile, key, { mode: 0o600 });
      return identity;
    },
  };
}

function authorityExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

function extensionsFor(wishes: CertificateWishes): Extension[] {
  const names = [
    ...(wishes.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(wishes.uris ?? []).map((value) => ({ type: 'url' as const, value })),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new ExtendedKeyUsageExtension((wishes.usages ?? ['server', 'client', 'sip']).map((usage) => usageIds[usage])),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ];
}

/** 16 random bytes that are a positive integer. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
