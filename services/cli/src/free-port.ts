import { createServer } from 'node:net';
import { listenFault } from '@guildhall/chassis/listen-fault';

/**
 * A port on which nothing listens at `host`: `wanted`, or any free one for 0. It is let go at once, so in theory someone
 * else may take it before it is used. Throws a Fault that says what listens there and names `setting` as the cure.
 */
export function freePort(host: string, wanted: number, what: string, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(listenFault(error, what, { host, port: wanted }, setting)));
    server.listen(wanted, host, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : wanted;
      server.close(() => resolve(port));
    });
  });
}
