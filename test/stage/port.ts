import { createSocket } from 'node:dgram';
import { freePort as anyFreePort } from '@guildhall/cli/hub/free-port';

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, for programs that cannot pick one and tell. Whoever can listen on port 0 does that
 * instead.
 */
export function freePort(): Promise<number> {
  return anyFreePort('127.0.0.1', 0, 'a test', 'nothing: no port is free');
}

/** So many of them, each another one. */
export async function distinctPorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
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
