import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Fault } from '@guildhall/chassis/fault';
import { LRUCache } from 'lru-cache';
import { contextOptions } from './link-socket.js';

/** The hub's certificate, as members' proxies see it when they are dialled. */
export interface OwnCertificate {
  /** A TLS context that shows it and trusts these authorities (PEM) only. */
  contextFor(anchors: string): SecureContext;
  /** SHA-256 fingerprint of what is shown now, and the end of its time, ms. */
  fingerprint(): string;
  validTo(): number;
  /** Reads the files again if they changed. True if another certificate is shown from now on; a broken pair changes nothing and throws a Fault. */
  reload(): boolean;
}

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly leaf: X509Certificate;
  readonly changedAt: number;
}

/** Contexts kept, one per set of anchors. */
const mostContexts = 256;

/** Reads certificate and key. Throws a Fault that names the file and the cure. */
export function loadCertificate(files: CertificateFiles): OwnCertificate {
  let pair = readPair(files);
  const contexts = new LRUCache<string, SecureContext>({ max: mostContexts });
  return {
    contextFor(anchors) {
      let context = contexts.get(anchors);
      if (context === undefined) {
        // An empty list, unlike none, keeps the system's authorities out.
        context = createSecureContext({ ...contextOptions, cert: pair.cert, key: pair.key, ca: anchors === '' ? [] : [anchors] });
        contexts.set(anchors, context);
      }
      return context;
    },
    fingerprint: () => pair.leaf.fingerprint256,
    validTo: () => Date.parse(pair.leaf.validTo),
    reload() {
      if (changedAt(files) === pair.changedAt) return false;
      const next = readPair(files);
      const other = next.leaf.fingerprint256 !== pair.leaf.fingerprint256;
      pair = next;
      contexts.clear();
      return other;
    },
  };
}

function readPair(files: CertificateFiles): Pair {
  const at = changedAt(files);
  const cert = readText(files.cert, 'certificate');
  const key = readText(files.key, 'key');
  try {
    const leaf = new X509Certificate(cert);
    createSecureContext({ ...contextOptions, cert, key });
    return { cert, key, leaf, changedAt: at };
  } catch (cause) {
    throw new Fault('certificate', `${files.cert} and ${files.key} are no certificate and its key`, {
      cure: 'give PEM files: the hub’s certificate with its chain, and the key that belongs to it, without a passphrase',
      exitCode: 2,
      cause,
    });
  }
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (cause) {
    throw new Fault('certificate', `the ${what} ${path} cannot be read`, {
      cure: 'check the path and who may read the file',
      exitCode: 2,
      cause,
    });
  }
}

/** The newer of the two files' times, ms; 0 when they cannot be looked at. */
function changedAt(files: CertificateFiles): number {
  try {
    return Math.max(statSync(files.cert).mtimeMs, statSync(files.key).mtimeMs);
  } catch {
    return 0;
  }
}
