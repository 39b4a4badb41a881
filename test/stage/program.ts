import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { atExit } from './last-resort.js';

/** A program outside of this process, with its output, that never outlives the test. */
export interface Program {
  readonly pid: number;
  /** Everything it wrote so far, both streams as they came. */
  output(): string;
  /** Resolves with the first output line that matches; rejects with the output when the program ends or `patience` ms pass before. */
  line(pattern: RegExp, patience?: number): Promise<RegExpExecArray>;
  /** Resolves when it has ended, however: exit code, or -1 for a signal. */
  readonly ended: Promise<number>;
  /** Sends the signal and waits for the end; kills it after 5 s. */
  stop(signal?: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<void>;
}

export interface ProgramOptions {
  /** Working folder. */
  folder?: string;
  environment?: Readonly<Record<string, string>>;
  /** Give it a process group of its own and signal the whole group: for programs that fork. */
  group?: boolean;
}

/** Most output characters kept: the end tells why something failed. */
const outputLimit = 1_000_000;

/** Runs a program so that it gets SIGTERM when we die, however that happens; part of every Debian. */
const leash = '/usr/bin/setpriv';

/** Starts a program. Rejects when it cannot be run at all. */
export async function startProgram(binary: string, args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const leashed = existsSync(leash);
  const child = spawn(leashed ? leash : binary, leashed ? ['--pdeathsig', 'TERM', '--', binary, ...args] : args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.group ?? false,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'dumb', ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  let output = '';
  const listeners = new Set<() => void>();
  const heard = (chunk: Buffer) => {
    output = (output + chunk.toString('latin1')).slice(-outputLimit);
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);

  // The last resort: this process ends in the middle of a test.
  const abandon = () => signal(child, pid, options.group ?? false, 'SIGKILL');
  const settled = atExit(abandon);

  const ended = new Promise<number>((resolve) => {
    child.once('close', (code) => {
      settled();
      resolve(code ?? -1);
      for (const listener of listeners) listener();
    });
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });

  return {
    pid,
    ended,
    output: () => output,
    line(pattern, patience = 30_000) {
      return new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        const fail = (why: string) => {
          done();
          reject(new Error(`${binary} ${why} before it said ${pattern}; its output:\n${output.slice(-4000)}`));
        };
        const look = () => {
          const found = pattern.exec(output);
          if (found !== null) {
            done();
            resolve(found);
          } else if (over || child.exitCode !== null) fail('ended');
        };
        const timer = setTimeout(() => fail(`took longer than ${patience} ms`), patience);
        listeners.add(look);
        look();
      });
    },
    async stop(name = 'SIGTERM') {
      if (!over) signal(child, pid, options.group ?? false, name);
      const kill = setTimeout(abandon, 5_000);
      await ended;
      clearTimeout(kill);
      // What a forked group left behind.
      if (options.group ?? false) abandon();
    },
  };
}

function signal(child: ChildProcess, pid: number, group: boolean, name: NodeJS.Signals): void {
  if (!group) {
    child.kill(name);
    return;
  }
  try {
    process.kill(-pid, name);
  } catch {
    // The group is gone already.
  }
}
