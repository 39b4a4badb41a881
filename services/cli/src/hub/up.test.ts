import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureSample } from '../sample/sample.js';
import { freePort } from './free-port.js';
import { lineCutter } from './log-stream.js';
import { openState } from './state-folder.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** Whole hubs start here: on a busy machine that takes its time. */
const patience = 180_000;
/** Of the machine's, none of the variables that steer a hub. */
const plain = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GUILDHALL_')));

interface Ready {
  readonly ready: boolean;
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly admin: Readonly<Record<string, string>>;
  readonly pids: Readonly<Record<string, number>>;
  readonly metrics: string;
  readonly dashboards: string;
  readonly nats: string;
}

/** A `guildhall` process under test. */
interface Run {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Lines of stdout. */
  readonly out: readonly string[];
  readonly talk: () => string;
  /** Resolves to the first line of stdout as JSON; rejects with what it said if it ended before. */
  readonly first: Promise<Ready>;
  readonly ended: Promise<number | null>;
}

let folder = '';
const running: Run[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guildhall-up-'));
});
afterEach(async () => {
  for (const run of running.splice(0)) {
    run.process.kill('SIGKILL');
    await run.ended;
  }
  // Who writes there ends when it notices that the hub has.
  await expect.poll(leftovers).toEqual([]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

function guildhall(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...plain, ...env },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: string[] = [];
  let talk = '';
  child.stderr.on('data', (chunk: Buffer) => {
    talk += chunk.toString();
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  const first = new Promise<Ready>((resolve, reject) => {
    child.stdout.on(
      'data',
      lineCutter((line) => {
        out.push(line);
        if (out.length === 1) resolve(JSON.parse(line));
      }),
    );
    void ended.then(() => reject(new Error(`it ended before it was ready: ${talk}`)));
  });
  first.catch(() => {});
  const run = { process: child, out, talk: () => talk, first, ended };
  running.push(run);
  return run;
}

/** The sample's community with ports that are free, as arguments of `up`. */
async function withFreePorts(): Promise<string[]> {
  const { file } = await ensureSample(openState(folder, '/'), new Date());
  let text = readFileSync(file, 'utf8');
  for (const port of ['5061', '6061', '6071'])
    text = text.replace(`port: ${port}`, `port: ${await freePort('127.0.0.1', 0, 'a test', 'nothing')}`);
  writeFileSync(file, text);
  return ['up', '--json', '--state', folder];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that ended and that nobody has waited for yet is as good as gone.
  return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

async function gone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isAlive)).toEqual([]);
}

/** Pids of processes whose command line names this test's folder. */
function leftovers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(folder);
      } catch {
        return false;
      }
    });
}

describe('a hub that cannot start', { timeout: patience }, () => {
  it.each<[string, Readonly<Record<string, string>>, number, RegExp]>([
    [
      'NATS does not answer',
      { GUILDHALL_NATS_URL: 'nats://127.0.0.1:1' },
      1,
      /NATS at nats:\/\/127\.0\.0\.1:1 .* cannot be reached: .*ECONNREFUSED.*\n {2}cure: start that server/,
    ],
    [
      'nats-server is no program',
      { GUILDHALL_NATS_SERVER: '/nowhere/nats-server' },
      3,
      /no nats-server: .*\n {2}cure: correct or unset GUILDHALL_NATS_SERVER/,
    ],
    ['nats-server does not start', { GUILDHALL_NATS_SERVER: '/bin/false' }, 1, /did not start: .*\n {2}cure: /],
    ['a service’s setting is wrong', { GUILDHALL_INGRESS_LIMITS_HEADERS: 'many' }, 2, / GUILDHALL_INGRESS_LIMITS_HEADERS.*\n {2}cure: /s],
  ])('says so with its cure when %s, and leaves nothing behind', async (_what, env, code, complaint) => {
    const args = await withFreePorts();
    const run = guildhall(args, env);
    expect(await run.ended).toBe(code);
    expect(run.talk()).toMatch(complaint);
    expect(run.talk()).not.toMatch(/\n\s+at /);
    expect(JSON.parse(run.out[0] ?? '')).toMatchObject({ ok: false, cure: expect.any(String) });
    await expect.poll(leftovers).toEqual([]);
  });

  it.each(['--api', '--enrolment', '--metrics', '--dashboards'])('says so when %s is no address', async (option) => {
    const run = guildhall([...(await withFreePorts()), option, '5070']);
    expect(await run.ended).toBe(2);
    expect(run.talk()).toContain(`${option} 5070 is no address to listen at\n  cure: write HOST:PORT`);
  });

  it('says so when the port of --api is taken, rather than take another', async () => {
    const args = await withFreePorts();
    const port = Number(/port: (\d+)/.exec(readFileSync(join(folder, 'sample', 'community.yaml'), 'utf8'))?.[1]);
    const taker = createServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    const run = guildhall([...args, '--api', `127.0.0.1:${port}`]);
    expect(await run.ended).toBe(1);
    expect(run.talk()).toMatch(/port is taken/);
    taker.close();
  });

  it('says which listener’s port is taken', async () => {
    const args = await withFreePorts();
    const text = readFileSync(join(folder, 'sample', 'community.yaml'), 'utf8');
    const port = Number(/port: (\d+)/.exec(text)?.[1]);
    const taker = createServer().listen(port, '127.0.0.1');
    await once(taker, 'listening');
    const run = guildhall(args);
    expect(await run.ended).toBe(1);
    taker.close();
    expect(run.talk()).toMatch(
      new RegExp(
        `the listener members cannot listen on 127\\.0\\.0\\.1:${port}: the port is taken\\n {2}cure: .*hub\\.listeners\\[0\\]\\.port`,
      ),
    );
  });
});

describe('a hub', { timeout: patience }, () => {
  it('tells its addresses in the first line, answers when asked whether it is ready, and ends when told to', async () => {
    const run = guildhall(await withFreePorts());
    const first = await run.first;
    expect(first, run.talk()).toMatchObject({ ready: true });
    const { listeners, admin, pids } = first;
    expect(listeners).toEqual([{ name: 'members', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }]);
    expect(Object.keys(pids).sort()).toEqual(['console', 'guildhall', 'ingress', 'nats', 'policy', 'relay']);
    expect(Object.keys(admin).sort()).toEqual(['console', 'ingress', 'policy', 'relay']);
    for (const door of [first.metrics, first.dashboards]) expect(door).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const [service, address] of Object.entries(admin)) {
      const answer = await fetch(`http://${address}/readyz`);
      expect({ service, status: answer.status, says: await answer.json() }).toMatchObject({ service, status: 200, says: { reasons: [] } });
    }
    expect(statSync(join(folder, 'run', 'nats.conf')).mode & 0o777).toBe(0o600);
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(run.out).toHaveLength(1);
    await gone(Object.values(pids));
  });

  it('takes everything with it when it is killed', async () => {
    const run = guildhall(await withFreePorts());
    const { pids } = await run.first;
    run.process.kill('SIGKILL');
    await gone(Object.values(pids));
    await expect.poll(leftovers).toEqual([]);
  });

  it('starts a service and nats-server again that were killed', async () => {
    const run = guildhall(await withFreePorts());
    const { pids, admin } = await run.first;
    process.kill(pids['relay'] ?? 0, 'SIGKILL');
    process.kill(pids['nats'] ?? 0, 'SIGKILL');
    const status = async (service: string) => {
      try {
        return (await fetch(`http://${admin[service]}/readyz`)).status;
      } catch {
        return 0;
      }
    };
    await expect.poll(() => run.talk()).toMatch(/relay serves again/);
    await expect.poll(() => run.talk()).toMatch(/nats-server serves again/);
    for (const service of ['policy', 'relay', 'ingress', 'console']) await expect.poll(() => status(service)).toBe(200);
  });

  it('refuses a second one with the same state', async () => {
    const args = await withFreePorts();
    const run = guildhall(args);
    const { pids } = await run.first;
    const second = guildhall(args);
    expect(await second.ended).toBe(1);
    expect(second.talk()).toMatch(
      new RegExp(`a hub runs with the state folder .* already \\(process ${pids['guildhall']}\\)\\n {2}cure: `),
    );
  });

  it('can be one process, with logs off stdout', async () => {
    const run = guildhall([...(await withFreePorts()), '--single']);
    const { pids, admin } = await run.first;
    expect(Object.keys(pids).sort()).toEqual(['guildhall', 'nats']);
    expect((await fetch(`http://${admin['ingress']}/readyz`)).status).toBe(200);
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(run.out).toHaveLength(1);
    await gone(Object.values(pids));
  });

  it('lets sample members chat, explains, and sends', async () => {
    const run = guildhall([...(await withFreePorts()), '--sample']);
    await run.first;
    await expect.poll(() => run.talk()).toMatch(/acme ──MESSAGE──▶ hub ──▶ bolt {2}200 OK/);
    const ask = async (...args: string[]) => {
      const asked = guildhall([...args, '--json', '--state', folder]);
      return [await asked.ended, JSON.parse(asked.out[0] ?? '{}')];
    };
    expect(await ask('explain', 'acme', 'bolt', 'INVITE')).toEqual([
      0,
      expect.objectContaining({ action: 'refuse', status: 403, code: 'denied-by-rule' }),
    ]);
    expect(await ask('explain', 'acme', 'bolt')).toEqual([0, expect.objectContaining({ action: 'forward', toMember: 'bolt' })]);
    expect(await ask('send', 'acme', 'bolt', 'hello')).toEqual([0, expect.objectContaining({ ok: true, status: 200 })]);
    expect(await ask('send', 'acme', 'nowhere.example', 'hello')).toEqual([1, expect.objectContaining({ ok: false, status: 404 })]);
    const [code, refused] = await ask('send', 'acme', 'sip:x@nowhere.example', 'hello');
    const [, explained] = await ask('explain', 'acme', 'nowhere.example');
    expect([code, refused.reason]).toEqual([1, expect.stringContaining(explained.sentence)]);
  });
});
