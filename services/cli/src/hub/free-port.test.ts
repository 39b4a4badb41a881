import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from './free-port.js';

const open: Server[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Listens there until the test is over. */
function occupy(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    open.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

describe('a free port', () => {
  it('is refused where something listens, naming the setting', async () => {
    const port = await freePort('127.0.0.1', 0, 'a test', 'test.port');
    await occupy(port);
    await expect(freePort('127.0.0.1', port, 'the door', 'door.port')).rejects.toMatchObject({
      message: expect.stringContaining(`${port}`),
    });
    await expect(freePort('127.0.0.1', port, 'the door', 'door.port')).rejects.toMatchObject({
      cure: expect.stringContaining('door.port'),
    });
  });

  it('is refused on an address that is not ours', async () => {
    await expect(freePort('192.0.2.1', 0, 'the door', 'door.host')).rejects.toThrow('the door cannot listen on 192.0.2.1');
  });

  it('is the one that is wanted, or one that the system gives to nobody by itself', async () => {
    const port = await freePort('127.0.0.1', 0, 'a test', 'test.port');
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_000);
    expect(await freePort('127.0.0.1', port, 'a test', 'test.port')).toBe(port);
    await occupy(port);
  });
});
