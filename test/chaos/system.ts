import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of one of the system's programs, such as `ip`; undefined where it is not installed. */
export function systemProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isRunnable);
}

/** Why this process cannot change the system with these programs; undefined when it can try: it is root and they are there. */
export function whyNotRoot(programs: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'that takes root';
  const missing = programs.find((name) => systemProgram(name) === undefined);
  return missing === undefined ? undefined : `there is no ${missing} here`;
}

/** Runs one of the system's programs to its end and gives what it wrote. Throws with its complaint. */
export function system(name: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(systemProgram(name) ?? name, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr.trim().split('\n')[0] ?? `exit ${status}`}`);
  return stdout;
}

/** Does this when the process ends without having done it, and gives what does it now. Later calls do nothing. */
export function atLast(undo: () => void): () => void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    process.off('exit', once);
    undo();
  };
  process.once('exit', once);
  return once;
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
