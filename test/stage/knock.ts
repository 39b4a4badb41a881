import { connect } from 'node:tls';
import type { Identity } from './certificates.js';
import type { Play } from './play.js';

/** Dials the first ingress of a play with a certificate that it does not believe; resolves when it has closed the connection. */
export function knockInVain({ authority, hub }: Pick<Play, 'authority' | 'hub'>, { cert, key }: Identity): Promise<void> {
  return new Promise((resolve) => {
    const port = hub.ingresses[0]?.port ?? 0;
    const socket = connect({ port, host: '127.0.0.1', servername: hub.domain, ca: authority.cert, cert, key });
    socket.once('secureConnect', () => socket.write('\r\n\r\n'));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
  });
}
