import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { openFolder } from './folder.js';
import { freePort } from './port.js';
import { type Program, startProgram } from './program.js';
import { natsServerTool } from './tools.js';

/** A real nats-server with JetStream, on loopback, with one user and no access without it. */
export interface NatsServer {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly pid: () => number;
  /** Ends the server as if it crashed; what JetStream stored stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same store. */
  revive(): Promise<void>;
  /** Ends it and removes its store. */
  close(): Promise<void>;
}

/** Starts nats-server on a free port with a store of its own and resolves when it takes connections. */
export async function startNats(): Promise<NatsServer> {
  const { binary, environment } = await natsServerTool();
  const folder = openFolder('nats');
  const user = 'guildhall';
  const password = randomBytes(12).toString('hex');
  // It must be had again by `revive`: not one of those that a connection made meanwhile may take.
  let port = await freePort();
  let server: Program | undefined;

  const start = async () => {
    writeFileSync(
      folder.file('nats.conf'),
      `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: ${JSON.stringify(folder.path)}, max_mem: 64M, max_file: 256M }\n` +
        `authorization { user: ${user}, password: "${password}" }\n`,
      { mode: 0o600 },
    );
    server = await startProgram(binary, ['-c', folder.file('nats.conf')], { environment });
    const [, bound] = await server.line(/Listening for client connections on 127\.0\.0\.1:(\d+)/);
    port = Number(bound);
    await server.line(/Server is ready/);
  };
  try {
    await start();
  } catch (error) {
    await server?.stop('SIGKILL');
    folder.close();
    throw error;
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    user,
    password,
    pid: () => server?.pid ?? 0,
    kill: async () => server?.stop('SIGKILL'),
    revive: start,
    async close() {
      await server?.stop('SIGKILL');
      folder.close();
    },
  };
}
