import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { plainSpki } from './plain-spki.js';

/** How many certificates of a chain are looked at, leaf included. */
const deepestChain = 8;

/** A parsed certificate. */
export type Certificate = X509Certificate;

/** What a peer's certificate says, read once a handshake. Texts are the peer's: make them printable before logging. */
export interface CertificateFacts {
  /** Distinguished names, one attribute a line as Node writes them. */
  readonly subject: string;
  readonly issuer: string;
  /** Subject alternative names of type URI and DNS, as written. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** The last common name of the subject, or ''. */
  readonly commonName: string;
  /** Object identifiers, e.g. 1.3.6.1.5.5.7.3.2 for clientAuth; empty where the certificate does not restrict its use. */
  readonly extendedKeyUsage: readonly string[];
  /** SHA-256 of the subject public key info, lower-case hex. */
  readonly spkiSha256: string;
  /** Validity, ms since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** 'rsa', 'ec', 'ed25519' ... as Node names it, and the key's size in bits (0 where a size says nothing). */
  readonly keyKind: string;
  readonly keyBits: number;
  /** Issued by its own key. */
  readonly selfSigned: boolean;
  /** OpenSSL's verdict against the anchors the socket was made with, and its error code ('' when authorized). */
  readonly authorized: boolean;
  readonly authorizationError: string;
  /** The certificates the peer sent (completed by OpenSSL from the anchors), leaf first. */
  readonly chain: readonly X509Certificate[];
}

/** Object identifiers of extended key usages. */
export const keyUsage = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  /** RFC 5924. */
  sipDomain: '1.3.6.1.5.5.7.3.20',
} as const;

/** DER of the object identifier 2.5.29.30. */
const nameConstraints = Buffer.from('0603551d1e', 'hex');

/**
 * Whether an authority's certificate is restricted to certain names (RFC 5280 4.2.1.10). Node does not tell which path OpenSSL took, so
 * nobody here knows whether the restriction was looked at: such a certificate vouches for nobody.
 */
export function isNameConstrained(certificate: Certificate): boolean {
  return certificate.raw.includes(nameConstraints);
}

/**
 * The facts of the certificate at the other end of a finished handshake, or undefined when it sent none that can be read. `known`: parsed
 * already, such as the authorities in which most chains end; parsing is a good part of what a handshake costs.
 */
export function certificateFacts(socket: TLSSocket, known: readonly X509Certificate[] = []): CertificateFacts | undefined {
  try {
    const chain = peerChain(socket, known);
    const error = socket.authorizationError;
    return factsOf(chain, socket.authorized, error === undefined || error === null ? '' : String(codeOf(error)));
  } catch {
    return undefined;
  }
}

/** The same from a chain (leaf first) and a verdict got elsewhere. Undefined for an empty chain. */
export function factsOf(chain: readonly X509Certificate[], authorized: boolean, authorizationError: string): CertificateFacts | undefined {
  const leaf = chain[0];
  if (leaf === undefined) return undefined;
  const names = alternativeNames(leaf.subjectAltName ?? '');
  const key = leaf.publicKey;
  const subject = leaf.subject ?? '';
  const issuer = leaf.issuer ?? '';
  return {
    subject,
    issuer,
    uris: names.filter((name) => name.kind === 'URI').map((name) => name.value),
    dnsNames: names.filter((name) => name.kind === 'DNS').map((name) => name.value),
    commonName: commonNameOf(subject),
    extendedKeyUsage: leaf.keyUsage ?? [],
    spkiSha256: spkiSha256(leaf),
    validFrom: Date.parse(leaf.validFrom),
    validTo: Date.parse(leaf.validTo),
    keyKind: key.asymmetricKeyType ?? 'unknown',
    keyBits: keyBits(key.asymmetricKeyDetails),
    selfSigned: subject === issuer && leaf.checkIssued(leaf) && leaf.verify(key),
    authorized: authorized && authorizationError === '',
    authorizationError,
    chain,
  };
}

/** SHA-256 of a certificate's subject public key info, lower-case hex: what a pin is compared with. */
export function spkiSha256(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(plainSpki(certificate.raw) ?? certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Every certificate of PEM texts, in order. Throws where a text holds none or a broken one. */
export function parseAnchors(pems: readonly string[]): X509Certificate[] {
  const anchors: X509Certificate[] = [];
  for (const pem of pems) {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g);
    if (blocks === null) throw new TypeError('no certificate in this PEM text');
    for (const block of blocks) anchors.push(new X509Certificate(block));
  }
  return anchors;
}

/**
 * Whether the chain leads by valid signatures from the leaf to one of these anchors (or the leaf is one of them).
 * OpenSSL's `authorized` says only that it ends in some anchor of the socket: where several parties' anchors share a
 * socket, this tells whose. Ask for both. `at` is the wall time in ms at which the certificates between must be in date.
 */
export function chainEndsIn(facts: CertificateFacts, anchors: readonly X509Certificate[], at: number): boolean {
  let current = facts.chain[0];
  for (let depth = 0; current !== undefined && depth < deepestChain; depth += 1) {
    const certificate: X509Certificate = current;
    if (anchors.some((anchor) => anchor.raw.equals(certificate.raw) || issued(certificate, anchor, at))) return true;
    current = facts.chain.find((other, index) => index > 0 && !other.raw.equals(certificate.raw) && issued(certificate, other, at));
  }
  return false;
}

/**
 * The SIP domain identities of a certificate (RFC 5922 7.1), lower case, without repeats: first the hosts of `sip:` URIs
 * that have no user part, then the DNS names. Wildcards are left out (RFC 5922 7.2), and so is what is not a plain
 * ASCII host name. The common name is none: see `commonName`.
 */
export function sipNames(facts: Pick<CertificateFacts, 'uris' | 'dnsNames'>): readonly string[] {
  const names = new Set<string>();
  for (const uri of facts.uris) {
    const host = /^sip:([^@;?:]+)$/i.exec(uri)?.[1];
    if (host !== undefined && isHostName(host)) names.add(host.toLowerCase());
  }
  for (const name of facts.dnsNames) if (isHostName(name)) names.add(name.toLowerCase());
  return [...names];
}

/** One subject alternative name: its kind as OpenSSL names it (DNS, URI, "IP Address", email, ...) and its value unquoted. */
export interface AlternativeName {
  readonly kind: string;
  readonly value: string;
}

/**
 * Reads Node's text of the subject alternative names. A value with a comma, quote or control character in it stands
 * there as a JSON string, so a name cannot pretend to be two. Returns nothing at all where the text breaks that form.
 */
export function alternativeNames(text: string): readonly AlternativeName[] {
  const names: AlternativeName[] = [];
  let at = 0;
  while (at < text.length) {
    const colon = text.indexOf(':', at);
    if (colon < 0) return [];
    const kind = text.slice(at, colon);
    const quoted = text[colon + 1] === '"';
    const end = quoted ? quotedEnd(text, colon + 1) : plainEnd(text, colon + 1);
    if (end < 0 || (end < text.length && !text.startsWith(', ', end))) return [];
    const value = text.slice(colon + 1, end);
    names.push({ kind, value: quoted ? unquote(value) : value });
    at = end + 2;
  }
  return names;
}

function plainEnd(text: string, from: number): number {
  const comma = text.indexOf(', ', from);
  return comma < 0 ? text.length : comma;
}

/** Behind the closing quote of the JSON string that opens at `from`, or -1. */
function quotedEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') return i + 1;
  }
  return -1;
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}

/** Letters, digits, hyphens and underscores in labels between dots, none empty or edged by a hyphen. */
function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  let before = '.';
  for (const c of text) {
    const word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c === '_';
    if (!word && !(c === '-' && before !== '.') && !(c === '.' && before !== '.' && before !== '-')) return false;
    before = c;
  }
  return before !== '.' && before !== '-';
}

function commonNameOf(subject: string): string {
  const lines = subject.split('\n').filter((line) => line.startsWith('CN='));
  return lines.at(-1)?.slice(3) ?? '';
}

function issued(certificate: X509Certificate, issuer: X509Certificate, at: number): boolean {
  if (!issuer.ca || at < Date.parse(issuer.validFrom) || at > Date.parse(issuer.validTo)) return false;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function keyBits(details: { modulusLength?: number; namedCurve?: string } | undefined): number {
  if (details?.modulusLength !== undefined) return details.modulusLength;
  switch (details?.namedCurve) {
    case 'prime256v1':
      return 256;
    case 'secp384r1':
      return 384;
    case 'secp521r1':
      return 521;
    default:
      return Number(/(\d{3})/.exec(details?.namedCurve ?? '')?.[1] ?? 0);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}

/** The peer's certificates, leaf first. Node links each to its issuer and a root to itself. */
function peerChain(socket: TLSSocket, known: readonly X509Certificate[]): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let link = socket.getPeerCertificate(true);
  while (link?.raw !== undefined && chain.length < deepestChain) {
    const { raw } = link;
    // OpenSSL has parsed the leaf already; an authority is mostly known.
    const parsed = (chain.length === 0 ? [socket.getPeerX509Certificate()] : known).find((one) => one?.raw.equals(raw));
    chain.push(parsed ?? new X509Certificate(raw));
    const issuer = link.issuerCertificate;
    if (issuer === undefined || issuer === link || issuer.raw.equals(link.raw)) break;
    link = issuer;
  }
  return chain;
}
