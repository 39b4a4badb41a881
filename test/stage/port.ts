import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, for programs that cannot pick one and tell. Whoever can listen on port 0 does that
 * instead.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}

/** A UDP port of 127.0.0.1 that was free a moment ago. */
export function freeDatagramPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
