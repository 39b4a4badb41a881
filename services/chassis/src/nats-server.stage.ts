import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A real nats-server for this package's own tests, on a free port of loopback. */
export interface TestServer {
  url: string;
  /** Ends it without ceremony; `start` brings it back on the same port with the same storage. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Removes its storage, while it is killed. */
  forget(): void;
  /** Kills it and removes its storage. */
  remove(): Promise<void>;
}

/** Starts nats-server with JetStream and the extra arguments. Throws, saying how to get one, when there is none. */
export async function startTestServer(
  env: Readonly<Record<string, string | undefined>>,
  extra: readonly string[] = [],
): Promise<TestServer> {
  const binary = find(env);
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-nats-'));
  let port = await quietPort();
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const running = spawn(binary, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, '--ports_file_dir', folder, ...extra], {
      stdio: 'ignore',
    });
    child = running;
    const ended = new Promise<never>((_, reject) => {
      running.once('error', reject);
      running.once('exit', (code) => reject(new Error(`nats-server ended with ${code}`)));
    });
    ended.catch(() => undefined);
    port = await Promise.race([portOf(folder, running.pid ?? 0), ended]);
  };
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        resolve();
        return;
      }
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });

  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    start,
    forget: () => rmSync(join(folder, 'jetstream'), { recursive: true, force: true }),
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A free one that no connection made meanwhile takes: `start` must have it again. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** As `npm test` says, else on the PATH, in the system's folders, or in the private copy that `npm test` makes. */
function find({ GUILDHALL_NATS_SERVER = '', PATH = '', HOME = '', XDG_CACHE_HOME }: Readonly<Record<string, string | undefined>>): string {
  if (GUILDHALL_NATS_SERVER !== '') return GUILDHALL_NATS_SERVER;
  const cache = XDG_CACHE_HOME === undefined || XDG_CACHE_HOME === '' ? join(HOME, '.cache') : XDG_CACHE_HOME;
  const own = join(cache, 'guildhall/tools/nats-server/usr/sbin');
  const found = [...PATH.split(delimiter), '/usr/sbin', '/usr/local/sbin', own]
    .map((folder) => join(folder, 'nats-server'))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error('these tests need nats-server: apt-get install nats-server, or run npm test, which fetches it');
  return found;
}

/** The server writes a file with the ports it took when it serves. */
async function portOf(folder: string, pid: number): Promise<number> {
  for (;;) {
    const file = readdirSync(folder).find((name) => name.endsWith(`_${pid}.ports`));
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
    const match = /nats:\/\/127\.0\.0\.1:(\d+)/.exec(text);
    if (match !== null) return Number(match[1]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
