import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type CertificateFacts, factsOf, keyUsage, parseAnchors, sipNames } from '@guildhall/chassis/certificate';
import { printable } from '@guildhall/proto/sip/escape';

/** A file of certificates or keys that cannot be used: what is wrong, ready to follow the file's name. */
export interface CertificateTrouble {
  /** Which of the two files of an identity, or the authority's. */
  readonly part: 'cert' | 'key' | 'ca';
  readonly message: string;
}

const largestPem = 1024 * 1024;
const soon = 14 * 24 * 60 * 60 * 1000;

/** Why a file cannot be read, in words. */
export function readTrouble(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permissions forbid it';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of its path is no folder';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function readPem(path: string): { text: string } | { trouble: string } {
  try {
    if (statSync(path).size > largestPem) return { trouble: `${path}: it is larger than 1 MiB and hardly a PEM file` };
    return { text: readFileSync(path, 'latin1') };
  } catch (thrown) {
    return { trouble: `${path}: ${readTrouble(thrown)}` };
  }
}

function readLeaf(path: string, text: string): X509Certificate | string {
  try {
    return parseAnchors([text])[0] ?? `${path}: it holds no certificate`;
  } catch {
    return /-----BEGIN CERTIFICATE-----/.test(text)
      ? `${path}: its certificate is damaged`
      : `${path}: it holds no certificate in PEM form`;
  }
}

function readKey(path: string, text: string): KeyObject | string {
  try {
    return createPrivateKey(text);
  } catch {
    if (/ENCRYPTED/.test(text)) return `${path}: the key is encrypted; the hub needs it without a passphrase`;
    return /PRIVATE KEY-----/.test(text) ? `${path}: its key is damaged` : `${path}: it holds no private key in PEM form`;
  }
}

function outOfDate(path: string, certificate: X509Certificate, now: Date): string | undefined {
  if (Date.parse(certificate.validTo) < now.getTime()) return `${path}: the certificate expired on ${certificate.validTo}`;
  if (Date.parse(certificate.validFrom) > now.getTime()) return `${path}: the certificate is valid only from ${certificate.validFrom} on`;
  return undefined;
}

/** What keeps a certificate and its key from being served: files, form, dates, and whether the two belong together. */
export function identityTroubles(cert: string, key: string, now: Date): CertificateTrouble[] {
  const troubles: CertificateTrouble[] = [];
  const certFile = readPem(cert);
  const keyFile = readPem(key);
  const leaf = 'text' in certFile ? readLeaf(cert, certFile.text) : certFile.trouble;
  const privateKey = 'text' in keyFile ? readKey(key, keyFile.text) : keyFile.trouble;
  if (typeof leaf === 'string') troubles.push({ part: 'cert', message: leaf });
  else {
    const late = outOfDate(cert, leaf, now);
    if (late !== undefined) troubles.push({ part: 'cert', message: late });
  }
  if (typeof privateKey === 'string') troubles.push({ part: 'key', message: privateKey });
  else if (typeof leaf !== 'string' && !leaf.checkPrivateKey(privateKey)) {
    troubles.push({ part: 'key', message: `${key}: it is not the key of the certificate ${cert}` });
  }
  return troubles;
}

/** What keeps a file of certificate authorities from being used. */
export function authorityTroubles(path: string, now: Date): CertificateTrouble[] {
  const file = readPem(path);
  return 'trouble' in file ? [{ part: 'ca', message: file.trouble }] : authorityTextTroubles(path, file.text, now);
}

/** The same of a PEM text, which is called `path` in what is said of it. */
export function authorityTextTroubles(path: string, text: string, now: Date): CertificateTrouble[] {
  try {
    const anchors = parseAnchors([text]);
    const notAuthority = anchors.find((anchor) => !anchor.ca);
    if (notAuthority !== undefined) {
      return [
        { part: 'ca', message: `${path}: ${notAuthority.subject.split('\n').at(-1) ?? 'a certificate in it'} is no certificate authority` },
      ];
    }
    return anchors.flatMap((anchor) => {
      const late = outOfDate(path, anchor, now);
      return late === undefined ? [] : [{ part: 'ca' as const, message: late }];
    });
  } catch {
    return [{ part: 'ca', message: `${path}: it holds no certificate in PEM form, or a damaged one` }];
  }
}

/** Why members will not find the domain in a certificate, or undefined when they will. */
function nameTrouble(facts: CertificateFacts, domain: string): string | undefined {
  if (sipNames(facts).includes(domain.toLowerCase())) return undefined;
  const wildcard = facts.dnsNames.find((name) => name.startsWith('*'));
  const why = wildcard === undefined ? '' : ` (a wildcard, ${printable(wildcard)}, counts for nothing: RFC 5922 7.2)`;
  return `the certificate does not name ${domain}${why}; members that check names will refuse it: add URI:sip:${domain} or DNS:${domain} to its subject alternative names`;
}

/** What is allowed but will hurt: an end that is near, a name or a usage that is missing, a weak key. Only for files without troubles. */
export function identityWarnings(cert: string, domain: string, now: Date): string[] {
  const file = readPem(cert);
  const leaf = 'text' in file ? readLeaf(cert, file.text) : '';
  if (typeof leaf === 'string') return [];
  const facts = factsOf([leaf], true, '');
  if (facts === undefined) return [];
  const warnings: string[] = [];
  if (facts.validTo - now.getTime() < soon) warnings.push(`the certificate ends on ${leaf.validTo}`);
  const unnamed = nameTrouble(facts, domain);
  if (unnamed !== undefined) warnings.push(unnamed);
  // Without the extension any use is allowed.
  const uses = facts.extendedKeyUsage;
  if (uses.length > 0 && !uses.includes(keyUsage.serverAuth)) {
    warnings.push('the certificate lacks the extended key usage serverAuth; members that connect to the hub will refuse it');
  }
  if (uses.length > 0 && !uses.includes(keyUsage.clientAuth)) {
    warnings.push('the certificate lacks the extended key usage clientAuth; members that the hub connects to will refuse it');
  }
  if (facts.keyKind === 'rsa' && facts.keyBits < 2048) {
    warnings.push(`the certificate has an RSA key of ${facts.keyBits} bits; members will refuse less than 2048`);
  }
  return warnings.map((warning) => `${cert}: ${warning}`);
}
