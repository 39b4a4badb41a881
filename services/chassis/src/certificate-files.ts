import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Fault } from './fault.js';

/** A certificate with its chain and its key, as they were read. PEM. */
export interface ServedCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the leaf, as Node writes it. */
  readonly fingerprint: string;
  /** The end of its time, ms since 1970. */
  readonly validTo: number;
}

/** A pair of files that may be replaced at any time. */
export interface CertificateFiles {
  current(): ServedCertificate;
  /** Reads them again if they changed: true if another certificate is to be served now. A pair that is not usable throws a Fault and changes nothing. */
  reload(): boolean;
}

/** Reads the pair. Throws a Fault that names the file and the cure. */
export function openCertificateFiles(paths: { readonly cert: string; readonly key: string }): CertificateFiles {
  let changed = changedAt(paths);
  let served = read(paths);
  return {
    current: () => served,
    reload() {
      const now = changedAt(paths);
      if (now === changed) return false;
      const next = read(paths);
      const other = next.cert !== served.cert || next.key !== served.key;
      changed = now;
      served = next;
      return other;
    },
  };
}

function read(paths: { readonly cert: string; readonly key: string }): ServedCertificate {
  const cert = text(paths.cert, 'certificate');
  const key = text(paths.key, 'key');
  try {
    // Fails for a key that is not the certificate's.
    createSecureContext({ cert, key });
    const leaf = new X509Certificate(cert);
    return { cert, key, fingerprint: leaf.fingerprint256, validTo: Date.parse(leaf.validTo) };
  } catch (cause) {
    throw new Fault('certificate', `${paths.cert} and ${paths.key} are not a certificate and its key`, {
      cure: 'give PEM files: the certificate followed by its intermediates, and its own key without a passphrase',
      exitCode: 2,
      cause,
    });
  }
}

function text(path: string, what: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (cause) {
    throw new Fault('certificate', `cannot read the ${what} ${path}`, {
      cure: 'check the path in the configuration, and that this user may read the file',
      exitCode: 2,
      cause,
    });
  }
}

function changedAt(paths: { readonly cert: string; readonly key: string }): string {
  try {
    return [paths.cert, paths.key].map((path) => String(statSync(path).mtimeMs)).join(' ');
  } catch {
    return '';
  }
}
