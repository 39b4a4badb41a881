import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { listenFault } from '@guildhall/chassis/listen-fault';

/**
 * Where ports are looked for: below those that systems hand out for port 0 and for outgoing connections (32768 and up on Linux, 49152 by
 * RFC 6335), so that no connection made meanwhile takes the port before it is used.
 */
const quiet = { from: 20_000, to: 32_000 } as const;
const tries = 50;

/**
 * A port on which nothing listens at `host`: `wanted`, or any free one for 0. It is let go at once, so in theory someone
 * else may take it before it is used. Throws a Fault that says what listens there and names `setting` as the cure.
 */
export async function freePort(host: string, wanted: number, what: string, setting: string): Promise<number> {
  if (wanted === 0) {
    for (let left = tries; left > 0; left -= 1) {
      const port = randomInt(quiet.from, quiet.to);
      if ((await taken(host, port)) === undefined) return port;
    }
  }
  const error = await taken(host, wanted);
  if (error !== undefined) throw listenFault(error, what, { host, port: wanted }, setting);
  return wanted;
}

/** Why nobody can listen there, or undefined. */
function taken(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
