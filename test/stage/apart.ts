import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyMessage } from '@guildhall/chassis/running';
import { checkoutRoot } from './checkout.js';
import type { Folder } from './folder.js';
import type { Instance } from './hub.js';
import { atExit } from './last-resort.js';

/**
 * Starts a service as a process of its own, as `guildhall up` does, so that it can die. `config` is what its file says. Rejects with what it
 * printed when it does not start. `environment` is what its process has besides PATH.
 */
export async function startApart(
  service: string,
  config: { readonly id: string },
  folder: Folder,
  environment: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const file = folder.file(`${config.id}.yaml`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  let life = await live(service, file, environment);
  // The same object for ever: whoever holds it sees the ports of the life that is.
  const addresses = { ...life.addresses };
  return {
    id: life.id,
    addresses,
    pid: () => life.pid,
    stop: () => life.end('SIGTERM'),
    kill: () => life.end('SIGKILL'),
    log: () => logLines(life.output()),
    async revive() {
      life = await live(service, file, environment);
      Object.assign(addresses, life.addresses);
    },
  };
}

/** One process of a service, from its start to its end. */
interface Life {
  readonly id: string;
  readonly pid: number;
  readonly addresses: Readonly<Record<string, string>>;
  /** Sends the signal and waits for the end. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  output(): string;
}

function live(service: string, file: string, environment: Readonly<Record<string, string>>): Promise<Life> {
  const main = join(checkoutRoot(), 'services', service, 'dist', 'main.js');
  const child = fork(main, ['--config', file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { PATH: process.env['PATH'], ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-200_000);
    });
  }
  const settled = atExit(() => void child.kill('SIGKILL'));
  const over = new Promise<void>((resolve) => {
    child.once('close', () => {
      settled();
      resolve();
    });
  });
  const end: Life['end'] = (signal) => {
    child.kill(signal);
    return over;
  };
  return new Promise((resolve, reject) => {
    void over.then(() => reject(new Error(`${service} ended:\n${output}`)));
    child.once('message', (message: ReadyMessage) => {
      if (!message.ready) return;
      const { id, addresses } = message;
      resolve({ id, pid: child.pid ?? 0, addresses, end, output: () => output });
    });
  });
}

/** The lines that are whole. */
function logLines(output: string): unknown[] {
  return output.split('\n').flatMap((line) => {
    try {
      const read: unknown = JSON.parse(line);
      return [read];
    } catch {
      return [];
    }
  });
}
