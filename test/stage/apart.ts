import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyMessage } from '@guildhall/chassis/running';
import { checkoutRoot } from './checkout.js';
import type { Folder } from './folder.js';
import type { Instance } from './hub.js';

/**
 * Starts a service as a process of its own, as `guildhall up` does, so that it can die. `config` is what its file says. Rejects with what it
 * printed when it does not start.
 */
export function startApart(service: string, config: { readonly id: string }, folder: Folder): Promise<Instance> {
  const file = folder.file(`${config.id}.yaml`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const main = join(checkoutRoot(), 'services', service, 'dist', 'main.js');
  const child = fork(main, ['--config', file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { PATH: process.env['PATH'] },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-200_000);
    });
  }
  const abandon = () => void child.kill('SIGKILL');
  process.once('exit', abandon);
  const over = new Promise<void>((resolve) => {
    child.once('close', () => {
      process.off('exit', abandon);
      resolve();
    });
  });
  const end = (signal: 'SIGTERM' | 'SIGKILL') => () => {
    child.kill(signal);
    return over;
  };
  return new Promise((resolve, reject) => {
    void over.then(() => reject(new Error(`${service} ended:\n${output}`)));
    child.once('message', (message: ReadyMessage) => {
      if (!message.ready) return;
      const { id, addresses } = message;
      resolve({ id, addresses, stop: end('SIGTERM'), kill: end('SIGKILL'), log: () => logLines(output) });
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
