import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Binds the hub's processes, all their threads, to one core and the others to the rest, so that one machine can offer several times what the hub
 * can do. Returns in words what it did; '' when it could not: then nothing is bound.
 */
export function keepApart(hub: Iterable<number>, others: Iterable<number>): string {
  const cores = availableParallelism();
  if (cores < 2) return '';
  const bound = [...hub].every((pid) => bind(pid, '0'));
  const away = bound && [...others].every((pid) => bind(pid, `1-${cores - 1}`));
  return away ? `hub and nats-server share core 0, members have ${cores === 2 ? 'the other' : `the other ${cores - 1}`} (taskset)` : '';
}

function bind(pid: number, cores: string): boolean {
  return spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' }).status === 0;
}
