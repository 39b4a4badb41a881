import { connect } from 'node:tls';
import { hostPort } from '@guildhall/chassis/host-port';
import { isEveryAddress } from './hub.js';

/** Looks at the hub's own listeners from outside, as a member does: what is served counts, not what was meant to be. */
export interface SelfDial {
  /** SHA-256 fingerprint of the certificate shown at this bound address, as Node writes it. Rejects after `within` ms, or when nobody is there. */
  look(host: string, port: number, within: number): Promise<string>;
  /** Whether a connection from there is one of ours: it is no member's, and no news. */
  isOwn(source: string): boolean;
}

/** Dials with TLS, trusts whatever is shown, and sends nothing. */
export function createSelfDial(): SelfDial {
  const own = new Set<string>();
  return {
    isOwn: (source) => own.has(source),
    look: (host, port, within) =>
      new Promise((resolve, reject) => {
        let source = '';
        let seen = '';
        const socket = connect({ host: reachable(host), port, rejectUnauthorized: false, timeout: within });
        socket.once('connect', () => {
          source = hostPort(socket.localAddress ?? '', socket.localPort ?? 0);
          own.add(source);
        });
        socket.once('secureConnect', () => {
          seen = socket.getPeerCertificate().fingerprint256 ?? '';
          // The listener ends it, knowing who it is: until then the address stays ours.
          socket.resume();
        });
        socket.once('timeout', () => socket.destroy(new Error(`nothing came within ${within} ms`)));
        let failure = new Error('the listener closed it before it showed a certificate');
        socket.on('error', (error) => {
          failure = error;
        });
        socket.once('close', () => {
          own.delete(source);
          if (seen !== '') resolve(seen);
          else reject(failure);
        });
      }),
  };
}

/** Who listens on every address can be dialled on the loopback. */
function reachable(host: string): string {
  if (!isEveryAddress(host)) return host;
  return host.includes(':') ? '::1' : '127.0.0.1';
}
