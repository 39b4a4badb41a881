import type { X509Certificate } from 'node:crypto';
import { parseAnchors } from '@guildhall/chassis/certificate';
import type { ReadAnchors, TrustTable } from './trust.js';

/** Certificates of authorities, read once for each PEM text. */
export interface Authorities {
  readonly read: ReadAnchors;
  /** The certificates a trust table names: `before` itself if they are the same. */
  of(table: TrustTable, before: readonly X509Certificate[]): readonly X509Certificate[];
}

/** PEM texts remembered; more than this and all are read anew. */
const remembered = 10_000;

/** A memory of authorities: PEM texts are read once. */
export function createAuthorities(): Authorities {
  const byPem = new Map<string, readonly X509Certificate[]>();
  const parse = (pem: string): readonly X509Certificate[] => {
    let certificates = byPem.get(pem);
    if (certificates === undefined) {
      certificates = parseAnchors([pem]);
      if (byPem.size >= remembered) byPem.clear();
      byPem.set(pem, certificates);
    }
    return certificates;
  };
  return {
    read: (pem) => parse(pem).map((certificate) => ({ fingerprint: certificate.fingerprint256, pem: certificate.toString() })),
    of(table, before) {
      const now = table.anchorPems.flatMap((pem) => [...parse(pem)]);
      return now.length === before.length && now.every((one, index) => one === before[index]) ? before : now;
    },
  };
}
