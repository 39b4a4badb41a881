import { X509Certificate } from 'node:crypto';
import { readRevocationLists } from '@guildhall/chassis/authority/revocation-list';
import { splitCertificates } from '@guildhall/proto/community/entries';

/** All authorities, or all revocation lists, of one member or of the community, bytes: they travel together in one page. */
const maxPemBytes = 128 * 1024;

/** What keeps a PEM text from being a list of authorities, or undefined. */
export function authorityFault(text: string): string | undefined {
  const certificates = splitCertificates(text);
  if (certificates.length === 0) return 'has no certificate in PEM form';
  for (const [at, certificate] of certificates.entries()) {
    try {
      const { ca, publicKey } = new X509Certificate(certificate);
      if (!ca) return `has a certificate (number ${at + 1}) that is no authority's (CA:TRUE)`;
      // A key of a kind that OpenSSL does not know throws before this.
      if (publicKey.asymmetricKeyType === undefined) return `has a certificate (number ${at + 1}) whose key cannot be used`;
    } catch {
      return `has a certificate (number ${at + 1}) that cannot be read`;
    }
  }
  return undefined;
}

/** What keeps a PEM text from being a list of revocation lists, or undefined. Whether their signatures are good is found out when they are used. */
export function revocationListFault(text: string): string | undefined {
  try {
    readRevocationLists(text);
    return undefined;
  } catch (thrown) {
    return thrown instanceof TypeError ? thrown.message : 'cannot be read as a revocation list';
  }
}

/** What keeps PEM texts from going into one entry, or undefined. */
export function pemBytesFault(pems: readonly string[]): string | undefined {
  const bytes = pems.reduce((sum, pem) => sum + pem.length, 0);
  return bytes > maxPemBytes ? `names more than ${maxPemBytes} bytes of PEM` : undefined;
}
