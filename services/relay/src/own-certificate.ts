import { createSecureContext, type SecureContext } from 'node:tls';
import { openCertificateFiles } from '@guildhall/chassis/certificate-files';
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

/** Contexts kept, one per set of anchors. */
const mostContexts = 256;

/** Reads certificate and key. Throws a Fault that names the file and the cure. */
export function loadCertificate(paths: { readonly cert: string; readonly key: string }): OwnCertificate {
  const files = openCertificateFiles(paths);
  const contexts = new LRUCache<string, SecureContext>({ max: mostContexts });
  return {
    contextFor(anchors) {
      let context = contexts.get(anchors);
      if (context === undefined) {
        const { cert, key } = files.current();
        // An empty list, unlike none, keeps the system's authorities out.
        context = createSecureContext({ ...contextOptions, cert, key, ca: anchors === '' ? [] : [anchors] });
        contexts.set(anchors, context);
      }
      return context;
    },
    fingerprint: () => files.current().fingerprint,
    validTo: () => files.current().validTo,
    reload() {
      const other = files.reload();
      if (other) contexts.clear();
      return other;
    },
  };
}
