import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A package's program, called without npm or npx in between. */
export function program(name) {
  return join(root, 'node_modules', '.bin', name);
}

/** The environment of everything we run: our programs first on PATH, nobody phones home. */
export function quietEnvironment() {
  return {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  };
}

/** Runs a program in the foreground; passes SIGTERM on to it. Resolves to its exit code (128 + signal when killed). */
export function foreground(command, args, { cwd = root, environment = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit', env: { ...quietEnvironment(), ...environment } });
    const pass = (signal) => child.kill(signal);
    // Ctrl-C reaches the child by itself: it is in the terminal's foreground group. We only wait for it.
    const ignore = () => {};
    process.on('SIGTERM', pass).on('SIGINT', ignore);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGTERM', pass).off('SIGINT', ignore);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** Runs a program and collects what it says. */
export function collect(command, args, { cwd = root, environment = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...quietEnvironment(), ...environment },
  });
  return {
    code: result.status ?? 1,
    said: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`,
  };
}
