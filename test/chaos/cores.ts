import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** What was bound to which core. */
export interface Apart {
  /** In words; '' when nothing could be bound: then nothing is. */
  readonly how: string;
  /** Lets this process, and what it starts from now on, use every core again. */
  together(): void;
}

/**
 * Binds the hub's processes, all their threads, to one core and the others, this process among them, to the rest, so that one machine can offer several
 * times what the hub can do.
 */
export function keepApart(hub: Iterable<number>, others: Iterable<number>): Apart {
  // Not availableParallelism: that tells what this process is bound to.
  const cores = cpus().length;
  const together = (): void => void bind(process.pid, `0-${cores - 1}`);
  if (cores < 2) return { how: '', together };
  const bound = [...hub].every((pid) => bind(pid, '0'));
  const away = bound && [process.pid, ...others].every((pid) => bind(pid, `1-${cores - 1}`));
  const how = `hub and nats-server share core 0, members have ${cores === 2 ? 'the other' : `the other ${cores - 1}`} (taskset)`;
  return { how: away ? how : '', together };
}

function bind(pid: number, cores: string): boolean {
  return spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' }).status === 0;
}
