import { connect, type TLSSocket } from 'node:tls';
import type { Identity } from './load-protocol.js';

/** Where connections go: a port of 127.0.0.1 and the name to expect there; with `further` ports in turn. */
export interface Goal {
  readonly port: number;
  readonly further?: readonly number[];
  readonly serverName: string;
}

/**
 * Opens `count` mutual TLS connections as the member `identity` names, each when the one before is taken at both ends (Kamailio 5.6 with
 * OpenSSL 3 dies of parallel handshakes). Rejects when one is refused.
 */
export async function openConnections(
  { port, further = [], serverName }: Goal,
  identity: Identity,
  count: number,
): Promise<readonly TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  const ports = [port, ...further];
  for (let index = 0; index < count; index += 1) sockets.push(await open(ports[index % ports.length] ?? port, serverName, identity));
  return sockets;
}

function open(port: number, servername: string, identity: Identity): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const { cert, key, ca } = identity;
    const socket = connect({ host: '127.0.0.1', port, servername, cert, key, ca, minVersion: 'TLSv1.2' });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`127.0.0.1:${port} closed the connection`)));
    // With TLS 1.3 the client is done before the server has looked at its certificate: only the answer to a keepalive
    // (RFC 5626 4.4.1) tells that the server is done, too.
    socket.once('data', () => resolve(socket));
    socket.once('secureConnect', () => socket.write('\r\n\r\n'));
  });
}
