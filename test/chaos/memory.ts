import { residentMiB } from '../bench/usage.js';

/** Resident memory in MiB by process ("relay-1", "nats-2"), pages shared by several counted once. */
export type Memory = ReadonlyMap<string, number>;

/** Reads it for these processes; who is gone has none. */
export function readMemory(processes: Iterable<readonly [string, number]>): Memory {
  const memory = new Map<string, number>();
  for (const [name, pid] of processes) {
    const mib = pid === 0 ? 0 : residentMiB(pid);
    if (mib > 0) memory.set(name, mib);
  }
  return memory;
}
