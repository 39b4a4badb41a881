import 'reflect-metadata';
import { createHash, createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import { quoted } from '@guildhall/proto/community/quoted';
import {
  BasicConstraintsExtension,
  type Extension,
  type GeneralName,
  type JsonGeneralName,
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import { Fault } from '../fault.js';
import { goodKeys, keyFault, type SigningKey } from './key.js';
import { pemBlocks, pemOf } from './pem.js';

/** What a certificate signing request (PKCS #10, RFC 2986) asks for, once its signature has proved that the asker holds the key. */
export interface SigningRequest {
  /** The public key (SPKI), DER, and its SHA-256 in lower-case hex. */
  readonly spki: Buffer;
  readonly spkiSha256: string;
  /** The last common name of the subject, or ''. As written: a text of somebody else's. */
  readonly commonName: string;
  /** Hosts of `sip:` URIs and DNS names of the subject alternative names, lower case, without repeats. */
  readonly sipDomains: readonly string[];
  readonly dnsNames: readonly string[];
}

/** Larger requests are not looked at, bytes. RSA of 8192 bits with many names stays below. */
const maxBytes = 32 * 1024;
const maxNames = 100;
const subjectAltName = '2.5.29.17';
const basicConstraints = '2.5.29.19';
const strongHashes: readonly unknown[] = ['SHA-256', 'SHA-384', 'SHA-512'];

function refusal(what: string, cure: string, cause?: unknown): Fault {
  return new Fault('signing-request', what, { cure, exitCode: 2, cause });
}

const makeAnother = 'make one with guildhall join, or with openssl req -new -key KEY.pem -subj /CN=DOMAIN';

/**
 * Reads a request (PEM) and checks what needs no knowledge of who asks: its form, its signature, the strength of its key,
 * and that all names are of a kind that certificates of the hub carry. Whether the asker may have the names is not judged
 * here. Throws a Fault `signing-request`.
 */
export async function readSigningRequest(pem: string): Promise<SigningRequest> {
  if (pem.length > maxBytes) throw refusal(`The signing request is larger than ${maxBytes} bytes.`, makeAnother);
  const blocks = pemBlocks(pem, 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST');
  const [der] = blocks;
  if (der === undefined) throw refusal('There is no signing request (BEGIN CERTIFICATE REQUEST) in the text.', makeAnother);
  if (blocks.length > 1) throw refusal('There are several signing requests in the text.', 'send one at a time');
  const request = parsed(der);
  const key = publicKeyOf(request);
  await refuseBadSignature(request);
  return {
    ...namesOf(request),
    spki: Buffer.from(request.publicKey.rawData),
    spkiSha256: createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  };
}

/** The library reads some parts only when they are asked for: all that is needed is asked for here. */
function parsed(der: Buffer): Pkcs10CertificateRequest {
  try {
    const request = new Pkcs10CertificateRequest(der);
    if (request.extensions.length > maxNames || request.subjectName.toString().length > maxBytes) throw new RangeError('too much in it');
    return request;
  } catch (cause) {
    throw refusal('The signing request cannot be read: it is no PKCS #10 structure.', makeAnother, cause);
  }
}

function publicKeyOf(request: Pkcs10CertificateRequest): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch (cause) {
    throw refusal('The public key in the signing request cannot be read.', `use ${goodKeys}`, cause);
  }
  const fault = keyFault(key);
  if (fault !== undefined) throw refusal(`The key of the signing request is too weak or unusual: it ${fault}.`, `use ${goodKeys}`);
  return key;
}

async function refuseBadSignature(request: Pkcs10CertificateRequest): Promise<void> {
  let good = false;
  try {
    const { hash } = request.signatureAlgorithm;
    if (hash !== undefined && !strongHashes.includes(hash.name)) {
      throw refusal('The signing request is signed with a weak hash.', 'sign it with SHA-256');
    }
    good = await request.verify(webcrypto);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
  }
  if (!good) {
    throw refusal(
      'The signature of the signing request is not that of its own key, so it proves nothing.',
      'sign it with the key it is for',
    );
  }
}

function namesOf(request: Pkcs10CertificateRequest): Pick<SigningRequest, 'commonName' | 'sipDomains' | 'dnsNames'> {
  refuseAuthority(request.getExtensions(basicConstraints));
  const [extension, second] = request.getExtensions(subjectAltName);
  if (second !== undefined) throw refusal('The signing request has its names (subjectAltName) twice.', 'put all names into one extension');
  const items = extension === undefined ? [] : alternativeNames(extension);
  if (items.length > maxNames) throw refusal(`The signing request asks for more than ${maxNames} names.`, 'ask for fewer');
  const sipDomains = new Set<string>();
  const dnsNames = new Set<string>();
  for (const { type, value } of items) {
    const domain = type === 'url' ? /^sip:([^@;?:/]+)$/i.exec(value)?.[1] : undefined;
    if (domain !== undefined) sipDomains.add(domain.toLowerCase());
    else if (type === 'dns') dnsNames.add(value.toLowerCase());
    else {
      throw refusal(
        `The signing request asks for ${quoted(value)}, a name of the kind ${type}, which certificates of this hub do not carry.`,
        'ask for DNS:<name> and URI:sip:<domain> only',
      );
    }
  }
  return { commonName: request.subjectName.getField('CN').at(-1) ?? '', sipDomains: [...sipDomains], dnsNames: [...dnsNames] };
}

function alternativeNames(extension: Extension): readonly GeneralName[] {
  try {
    return new SubjectAlternativeNameExtension(extension.rawData).names.items;
  } catch (cause) {
    throw refusal('The names (subjectAltName) of the signing request cannot be read.', makeAnother, cause);
  }
}

function refuseAuthority(extensions: readonly Extension[]): void {
  for (const extension of extensions) {
    let ca = true;
    try {
      ({ ca } = new BasicConstraintsExtension(extension.rawData));
    } catch {
      // What cannot be read is taken for the worse.
    }
    if (ca) throw refusal('The signing request asks to be an authority (CA:TRUE).', 'leave basicConstraints out');
  }
}

/** Makes a request (PEM) signed with its own key, for these names. */
export async function makeSigningRequest(
  key: SigningKey,
  names: { readonly commonName: string; readonly sipDomains: readonly string[]; readonly dnsNames: readonly string[] },
): Promise<string> {
  const items: JsonGeneralName[] = [
    ...names.sipDomains.map((domain): JsonGeneralName => ({ type: 'url', value: `sip:${domain}` })),
    ...names.dnsNames.map((value): JsonGeneralName => ({ type: 'dns', value })),
  ];
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: new Name([{ CN: [{ utf8String: names.commonName }] }]),
      keys: { privateKey: key.privateKey, publicKey: key.publicKey },
      signingAlgorithm: key.algorithm,
      extensions: items.length === 0 ? [] : [new SubjectAlternativeNameExtension(items)],
    },
    webcrypto,
  );
  return pemOf('CERTIFICATE REQUEST', request.rawData);
}
