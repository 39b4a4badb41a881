import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@guildhall/chassis/fault';
import { type LogLevel, lineCutter } from './log-stream.js';
import { keeperScript } from './nats-keeper.js';
import { writePrivate } from './state-folder.js';

/** A nats-server of ours. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, for whatever cause. */
  readonly ended: Promise<void>;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** How a nats-server is started: its program, environment and configuration (`conf` is the text). */
export interface NatsServerOptions {
  readonly binary: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where its configuration and the file that tells its port are put. */
  readonly folder: string;
  readonly conf: string;
  log(level: LogLevel, message: string): void;
}

const patience = 10_000;
const logLine = /^\[\d+\] \S+ \S+ \[(\w+)\] (.*)$/;
const levels: Readonly<Record<string, LogLevel>> = { INF: 'debug', DBG: 'debug', TRC: 'debug', WRN: 'warn', ERR: 'error', FTL: 'error' };
/** True of our loopback server whose configuration only its owner can read, and no news to anyone. */
const knownWarning = /Plaintext passwords detected/;

/** What nats-server writes about itself into the ports folder: its name holds its pid, its content the URLs it listens on. */
function readPorts(folder: string): { pid: number; url: string } | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((entry) => /_\d+\.ports$/.test(entry));
  if (name === undefined) return undefined;
  const text = readFileSync(join(folder, name), 'utf8');
  const url = /"nats:\/\/[^"]+"/.exec(text)?.[0].slice(1, -1);
  const pid = Number(/_(\d+)\.ports$/.exec(name)?.[1]);
  return url === undefined ? undefined : { pid, url };
}

/**
 * Starts nats-server with a configuration of ours and waits until it listens. It ends with this process, even when
 * that is killed. Throws a Fault with what it complained about.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { folder, log } = options;
  const conf = join(folder, 'nats.conf');
  const ports = join(folder, 'nats-ports');
  rmSync(ports, { recursive: true, force: true });
  mkdirSync(ports, { recursive: true, mode: 0o700 });
  writePrivate(conf, options.conf);
  const complaints: string[] = [];
  // Detached: Ctrl-C is for us alone, we end the server last.
  const keeper: ChildProcess = spawn(
    '/bin/sh',
    ['-c', keeperScript, 'guildhall-nats', options.binary, '-c', conf, '--ports_file_dir', ports],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { PATH: '/usr/bin:/bin', ...options.environment },
    },
  );
  keeper.stdin?.on('error', () => {});
  keeper.stderr?.on(
    'data',
    lineCutter((line) => {
      const [, kind = 'WRN', message = line] = logLine.exec(line) ?? [];
      if (knownWarning.test(message)) return;
      const level = levels[kind] ?? 'warn';
      if (level !== 'debug') complaints.push(message);
      log(level, message);
    }),
  );
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      resolve();
    };
    keeper.once('error', end).once('exit', end);
  });
  const failed = () =>
    new Fault('nats-failed', `nats-server (${options.binary}) did not start: ${complaints.at(-1) ?? 'it said nothing'}`, {
      cure: 'look at what it says; another nats-server may be named with GUILDHALL_NATS_SERVER, a running one with GUILDHALL_NATS_URL',
    });
  const deadline = performance.now() + patience;
  let found = readPorts(ports);
  while (found === undefined) {
    if (over) throw failed();
    if (performance.now() > deadline) {
      keeper.kill();
      throw failed();
    }
    await Promise.race([pause(10), ended]);
    found = readPorts(ports);
  }
  const { pid, url } = found;
  return {
    url,
    pid,
    port: Number(new URL(url).port),
    ended,
    async stop() {
      if (over) return;
      keeper.kill('SIGTERM');
      const timer = setTimeout(() => keeper.stdin?.destroy(), 5000);
      await (over ? undefined : Promise.race([ended, once(keeper, 'close')]));
      clearTimeout(timer);
    },
  };
}
