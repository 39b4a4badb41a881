import { type DerElement, derTag, readElement } from './authority/der.js';

/** What the subject public key infos of these keys begin with, and how long they are: there is but one way to write each. */
const plain = [
  // P-256 and P-384, the point uncompressed; Ed25519.
  { head: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'), length: 91 },
  { head: Buffer.from('3076301006072a8648ce3d020106052b8104002203620004', 'hex'), length: 120 },
  { head: Buffer.from('302a300506032b6570032100', 'hex'), length: 44 },
] as const;

/**
 * The subject public key info in a certificate's DER (RFC 5280 4.1), as it stands there, where its key is of a kind that can be written in one
 * way only; undefined for any other, which OpenSSL must write anew: that is dear, and done in every handshake.
 */
export function plainSpki(der: Buffer): Buffer | undefined {
  const bytes = spkiOf(der);
  return plain.some(({ head, length }) => bytes?.length === length && bytes.subarray(0, head.length).equals(head)) ? bytes : undefined;
}

/** The field behind serial number, signature algorithm, issuer, validity and subject. */
function spkiOf(der: Buffer): Buffer | undefined {
  try {
    const signed = readElement(der, readElement(der, 0, der.length).body, der.length);
    let field: DerElement = readElement(der, signed.body, signed.end);
    if (field.tag === derTag.context0) field = readElement(der, field.end, signed.end);
    if (field.tag !== derTag.integer) return undefined;
    for (let passed = 0; passed < 4; passed += 1) {
      field = readElement(der, field.end, signed.end);
      if (field.tag !== derTag.sequence) return undefined;
    }
    return der.subarray(field.end, readElement(der, field.end, signed.end).end);
  } catch {
    return undefined;
  }
}
