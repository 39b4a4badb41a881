import { readdirSync, readFileSync } from 'node:fs';

/** What the processes below one use at a moment, by part. */
export interface Usage {
  /** Processor seconds since each process began, user and system, all threads, by part. */
  readonly cpu: ReadonlyMap<string, number>;
  /** Resident memory in MiB, pages shared by several processes counted once. */
  readonly memory: number;
  /** The same by part. */
  readonly memoryParts: ReadonlyMap<string, number>;
}

interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly cpu: number;
}

/** Clock ticks a second in /proc: fixed at 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** The ids of `root` and every process below it, from Linux' /proc. */
export function processesBelow(root: number): readonly number[] {
  return tree(root).map((one) => one.pid);
}

/** What these processes and every one below them use. A part is named by the service folder in the command line, else by the program. */
export function usageBelow(roots: number | readonly number[]): Usage {
  const cpu = new Map<string, number>();
  const memoryParts = new Map<string, number>();
  let memory = 0;
  for (const one of typeof roots === 'number' ? tree(roots) : roots.flatMap(tree)) {
    const part = partName(one);
    const resident = residentMiB(one.pid);
    cpu.set(part, (cpu.get(part) ?? 0) + one.cpu);
    memoryParts.set(part, (memoryParts.get(part) ?? 0) + resident);
    memory += resident;
  }
  return { cpu, memory, memoryParts };
}

/** Processor microseconds per transaction between two moments, by part and in all. */
export function cpuPerTransaction(before: Usage, after: Usage, transactions: number): { total: number; parts: Record<string, number> } {
  const parts: Record<string, number> = {};
  let total = 0;
  for (const [part, seconds] of after.cpu) {
    const micros = ((seconds - (before.cpu.get(part) ?? 0)) * 1e6) / Math.max(1, transactions);
    total += micros;
    parts[part] = micros;
  }
  return { total, parts };
}

function tree(root: number): readonly ProcessLine[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processLine(Number(name)));
  const found = all.filter((one) => one.pid === root);
  for (const parent of found) found.push(...all.filter((one) => one.parent === parent.pid));
  return found;
}

function processLine(pid: number): ProcessLine[] {
  const text = contents(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything: the fields count from behind the last one (proc(5): ppid 4, utime 14, stime 15).
  const end = text.lastIndexOf(')');
  if (end < 0) return [];
  const fields = text.slice(end + 2).split(' ');
  const cpu = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  return [{ pid, parent: Number(fields[1]), name: text.slice(text.indexOf('(') + 1, end), cpu }];
}

function partName(one: ProcessLine): string {
  const service = /services\/([a-z]+)\//.exec(contents(`/proc/${one.pid}/cmdline`));
  return service?.[1] ?? one.name;
}

/** Resident memory of a process in MiB, pages shared by several counted once; 0 when it is gone. */
export function residentMiB(pid: number): number {
  const share = /^Pss:\s+(\d+) kB/m.exec(contents(`/proc/${pid}/smaps_rollup`));
  return Number(share?.[1] ?? 0) / 1024;
}

/** A file of /proc, '' when the process has just ended. */
function contents(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
