import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { wall } from './clock.js';
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
  /**
   * Reads them again if they changed: true if another certificate is to be served now. A pair that is not usable, or past its end, changes
   * nothing and throws a Fault, once until the files change again.
   */
  reload(): boolean;
}

/** Reads the pair. Throws a Fault that names the file and the cure. `now` is wall time, ms. */
export function openCertificateFiles(
  paths: { readonly cert: string; readonly key: string },
  now: () => number = () => wall().getTime(),
): CertificateFiles {
  let changed = changedAt(paths);
  let served = read(paths);
  return {
    current: () => served,
    reload() {
      const mark = changedAt(paths);
      if (mark === changed) return false;
      changed = mark;
      const next = read(paths);
      const other = next.cert !== served.cert || next.key !== served.key;
      if (other && next.validTo < now()) throw pastItsEnd(paths.cert, next);
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

function pastItsEnd(path: string, { validTo }: ServedCertificate): Fault {
  return new Fault('certificate', `the certificate ${path} ended on ${new Date(validTo).toISOString()}`, {
    cure: 'put one there that is still good',
    exitCode: 2,
  });
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
    return [paths.cert, paths.key]
      .map((path) => statSync(path))
      .map(({ mtimeMs, ctimeMs, size, ino }) => `${mtimeMs} ${ctimeMs} ${size} ${ino}`)
      .join(', ');
  } catch {
    return '';
  }
}
