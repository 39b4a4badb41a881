import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A service whose behaviour the environment variable PLAY picks; it imports the compiled chassis like any service does. */
const program = `
import { runService } from '${new URL('../dist/process.js', import.meta.url).href}';
import { drainConfig, instanceId, logConfig } from '${new URL('../dist/config.js', import.meta.url).href}';
import { Fault } from '${new URL('../dist/fault.js', import.meta.url).href}';
import { z } from '${import.meta.resolve('zod')}';
const schema = z.strictObject({ id: instanceId('r1'), drain: drainConfig, log: logConfig });
const play = process.env.PLAY;
const start = async (config, signal) => {
  if (play === 'fault') throw new Fault('bus-unreachable', 'NATS cannot be reached', { cure: 'start it', exitCode: 3 });
  if (play === 'bug') throw new TypeError('x is not a function');
  const hold = setInterval(() => {}, 1000);
  if (play === 'slow start') console.log('starting');
  if (play === 'slow start') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  if (play === 'uncaught') setTimeout(() => { throw new TypeError('late bug'); }, 10);
  if (play === 'rejection') setTimeout(() => { Promise.reject(new TypeError('late bug')); }, 10);
  const closed = new Promise((resolve) => signal.addEventListener('abort', () => {
    if (play === 'stuck') return;
    if (play !== 'lingers') clearInterval(hold);
    setTimeout(resolve, 20);
  }));
  return { service: 'relay', id: config.id, addresses: { admin: '127.0.0.1:1' }, closed, waitingFor: () => '2 transactions' };
};
await runService('relay', schema, start, { argv: process.argv.slice(2), env: process.env, ignore: ['GUILDHALL_STATE'] });
`;

let folder = '';
const children: ChildProcess[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-process-'));
  writeFileSync(join(folder, 'main.mjs'), program);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Life {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  messages: unknown[];
  ended: Promise<number | null>;
  /** Resolves when stdout has this text. */
  says: (text: string) => Promise<void>;
}

interface Manner {
  argv?: string[];
  env?: Record<string, string>;
  /** With an IPC channel to this process, as under the CLI's `up`. */
  ipc?: boolean;
}

function run(play: string, { argv = [], env = {}, ipc = false }: Manner = {}): Life {
  const options = {
    env: { PLAY: play, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc' as const] : [])] satisfies StdioOptions,
  };
  return life(spawn(process.execPath, [join(folder, 'main.mjs'), ...argv], options));
}

function life(child: ChildProcess): Life {
  children.push(child);
  let out = '';
  let err = '';
  const messages: unknown[] = [];
  const listeners = new Set<() => void>();
  child.stdout?.on('data', (chunk) => {
    out += String(chunk);
    for (const listener of [...listeners]) listener();
  });
  child.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  child.on('message', (message) => messages.push(message));
  return {
    child,
    out: () => out,
    err: () => err,
    messages,
    // Not `close`: that never comes once this side has closed the channel.
    ended: Promise.all([
      new Promise<number | null>((resolve) => child.once('exit', resolve)),
      ...[child.stdout, child.stderr].map((stream) => new Promise((resolve) => stream?.once('end', resolve))),
    ]).then(([code]) => code),
    says: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!out.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}

describe.concurrent('a service that cannot serve', () => {
  it.each([
    ['a fault of its start', 'fault', [], 3, 'guildhall: NATS cannot be reached\n  cure: start it\n'],
    ['an unknown argument', '', ['--confg=x'], 2, 'did you mean --config?'],
    ['a file that is not there', '', ['--config', '/nowhere/relay.yaml'], 2, 'cannot read the configuration /nowhere/relay.yaml'],
    ['a bug', 'bug', [], 1, 'guildhall: x is not a function\n  cure: '],
  ] as const)('because of %s says so and ends', async (_, play, argv, code, text) => {
    const { ended, err } = run(play, { argv: [...argv] });
    expect(await ended).toBe(code);
    expect(err()).toContain(text);
    expect(err()).not.toMatch(/\n\s+at /);
  });

  it('because of its environment names the variable', async () => {
    const { ended, err } = run('', { env: { GUILDHALL_DRAN: '1s', GUILDHALL_STATE: '/x' } });
    expect(await ended).toBe(2);
    expect(err()).toContain('GUILDHALL_DRAN: no such setting, did you mean GUILDHALL_DRAIN?');
    expect(err()).not.toContain('GUILDHALL_STATE');
  });

  it('tells its parent why', async () => {
    const { ended, messages } = run('fault', { ipc: true });
    expect(await ended).toBe(3);
    expect(messages).toMatchObject([
      {
        ready: false,
        service: 'relay',
        fault: { code: 'bus-unreachable', cure: 'start it', exitCode: 3, message: 'NATS cannot be reached' },
      },
    ]);
  });

  it.each(['uncaught', 'rejection'])('any more (%s) logs one line and ends with 1', async (play) => {
    const { ended, out, err } = run(play);
    expect(await ended).toBe(1);
    const fatal = out()
      .split('\n')
      .filter((line) => line.includes('"fatal"'));
    expect(fatal).toHaveLength(1);
    expect(JSON.parse(fatal[0] ?? '')).toMatchObject({ level: 'fatal', service: 'relay', id: 'r1', err: { message: 'late bug' } });
    expect(err()).toBe('');
  });

  it('any more shows no stack to people', async () => {
    const { ended, out } = run('uncaught', { env: { GUILDHALL_LOG_PRETTY: 'true' } });
    expect(await ended).toBe(1);
    expect(out()).toContain('unexpected error, ending');
    expect(out()).toContain('late bug');
    expect(out()).not.toMatch(/\bat .*main\.mjs/);
  });
});

describe.concurrent('a service', () => {
  it('checks its configuration and shows its help, and leaves', async () => {
    const [check, help] = [run('', { argv: ['--check'] }), run('', { argv: ['--help'] })];
    expect(await check.ended).toBe(0);
    expect(check.out()).toBe('relay: the configuration is good\n');
    expect(await help.ended).toBe(0);
    expect(help.out()).toContain('Usage: relay');
  });

  it('reads the file that GUILDHALL_CONFIG names', async () => {
    const file = join(folder, 'relay.yaml');
    writeFileSync(file, 'id: r7\nlog: { level: info }\n');
    const { child, says, ended, out } = run('', { env: { GUILDHALL_CONFIG: file } });
    await says('serves');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(out()).toContain('"id":"r7"');
  });

  it('tells its parent that it serves, drains on SIGTERM and ends with 0', async () => {
    const { child, says, ended, messages, out } = run('', { ipc: true });
    await says('serves');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(messages).toEqual([{ ready: true, service: 'relay', id: 'r1', pid: child.pid, addresses: { admin: '127.0.0.1:1' } }]);
    expect(out()).toContain('"why":"SIGTERM"');
    expect(out()).toContain('ended');
  });

  it("takes Ctrl-C and its parent's SIGTERM for one wish", async () => {
    const { child, says, ended } = run('');
    await says('serves');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('told to end while it starts, ends with 0', async () => {
    const { child, says, ended, err } = run('slow start', { ipc: true });
    await says('starting');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(err()).toBe('');
  });

  it('stuck in its drain, says what it waits for and ends at once on a second signal', async () => {
    const { child, says, ended, out } = run('stuck');
    await says('serves');
    child.kill('SIGTERM');
    await says('"waitingFor":"2 transactions"');
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(out()).toContain('second signal');
  });

  it('stuck in its drain, is cut off after the configured time', async () => {
    const { child, says, ended, out } = run('stuck', { env: { GUILDHALL_DRAIN: '0' } });
    await says('serves');
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    expect(out()).toContain('the drain did not end in time');
  });

  it.each(['', 'stuck'])('ends when its parent is gone (%j)', async (play) => {
    const { child, says, ended, out } = run(play, { ipc: true });
    await says('serves');
    child.disconnect();
    expect(await ended).toBe(play === 'stuck' ? 1 : 0);
    expect(out()).toContain('the parent process is gone');
  });

  it('that leaves something open ends all the same', async () => {
    const { child, says, ended, out } = run('lingers', { ipc: true });
    await says('serves');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(out()).toContain('something still holds the process');
  });
});
