import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { readTrouble } from '../community/certificate-check.js';
import type { World } from '../world.js';

/** What a running hub tells the other commands through its state folder. */
export interface RunningHub {
  readonly pid: number;
  /** When that process began, in the system's own count, so that a later process of the same pid is not taken for it; '' unknown. */
  readonly born: string;
  /** "host:port" by listener name, the first one first. */
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  /** "host:port" of policy's gRPC. */
  readonly grpc: string;
  /** What its certificate is checked with, and the token that opens it: paths, see `ApiDoor`. */
  readonly api: { readonly ca: string; readonly name: string; readonly tokenFile: string };
  /** "host:port" where members enrol over HTTPS; '': there is no such door. */
  readonly enrolment: string;
  /** "host:port" of console's gRPC, and of its HTTPS for browsers; a hub of an earlier version has none. */
  readonly metrics?: string;
  readonly dashboards?: string;
  readonly community: string;
  /** The hub's SIP domain. */
  readonly domain: string;
}

/** The folder in which a hub keeps what it needs between runs; only its owner may look into it. */
export interface StateFolder {
  readonly path: string;
  readonly nats: string;
  /** Configurations and certificates of the sample. */
  readonly sample: string;
  /** What is made anew at every start: configurations with passwords. */
  readonly run: string;
}

/** $XDG_STATE_HOME/guildhall, else ~/.local/state/guildhall. */
export function usualState(env: World['env']): string {
  const base = env['XDG_STATE_HOME'];
  return base ? join(base, 'guildhall') : join(env['HOME'] || homedir(), '.local', 'state', 'guildhall');
}

/** Where a state folder's parts are; makes nothing. */
export function stateFolder(path: string): StateFolder {
  return { path, nats: join(path, 'nats'), sample: join(path, 'sample'), run: join(path, 'run') };
}

/** The same folder for the sample community, whose membership is kept apart from that of a community of one's own. */
export function sampleState(state: StateFolder): StateFolder {
  return { ...state, nats: join(state.sample, 'nats') };
}

/**
 * Keeps a state folder for one community: the file of another would take away all that the first one's file brought. Returns what notes
 * this one, once its hub runs. Throws a Fault `other-community`.
 */
export function claimState(state: StateFolder, communityId: string): () => void {
  const note = join(state.path, 'community');
  const held = existsSync(note) ? readFileSync(note, 'utf8').trim() : '';
  if (held !== '' && held !== communityId) {
    throw new Fault('other-community', `the state folder ${state.path} holds the community ${held}, and this file is of ${communityId}`, {
      cure: `give this one a folder of its own with --state DIR; if it is the same one under another id, delete ${note}`,
      exitCode: 2,
    });
  }
  return () => writePrivate(note, `${communityId}\n`);
}

/** Makes a folder and those above it. Node's own `recursive` never returns where a file system refuses new folders, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Makes the folder and its parts, readable by the owner only. Throws a Fault `state` that names the cure. */
export function openState(path: string, cwd: string): StateFolder {
  const state = stateFolder(resolve(cwd, path));
  try {
    for (const folder of [state.path, state.nats, state.run]) {
      makeFolder(folder);
      chmodSync(folder, 0o700);
    }
    writeFileSync(join(state.run, '.writable'), '');
    rmSync(join(state.run, '.writable'));
  } catch (thrown) {
    throw new Fault('state', `the state folder ${state.path} cannot be used: ${readTrouble(thrown)}`, {
      cure: 'give a folder you may write with --state DIR',
      cause: thrown,
    });
  }
  return state;
}

/** Writes a file only its owner may read, at once whole. */
export function writePrivate(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

/** When a process began, '' where the system does not say. Reads field 22 of Linux's /proc/PID/stat. */
function bornOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything, spaces and parentheses included.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(hub: RunningHub): boolean {
  try {
    process.kill(hub.pid, 0);
  } catch (thrown) {
    // EPERM: it lives, but is another user's.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM')) return false;
  }
  return hub.born === '' || hub.born === bornOf(hub.pid);
}

function runningFile(state: StateFolder): string {
  return join(state.path, 'running.json');
}

/** Shape check of running.json: it is ours, but may be of another version. */
function isRunningHub(value: unknown): value is RunningHub {
  if (typeof value !== 'object' || value === null) return false;
  const has = (key: string, type: string) => key in value && typeof Reflect.get(value, key) === type;
  return (
    has('pid', 'number') &&
    has('born', 'string') &&
    has('grpc', 'string') &&
    has('api', 'object') &&
    has('enrolment', 'string') &&
    has('community', 'string') &&
    has('domain', 'string') &&
    Array.isArray(Reflect.get(value, 'listeners'))
  );
}

/** The hub that runs with this state, if one does. */
export function runningHub(state: StateFolder): RunningHub | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(runningFile(state), 'utf8'));
    return isRunningHub(found) && isAlive(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Notes that this process runs a hub with this state. Returns what takes the note back. */
export function noteRunning(state: StateFolder, hub: Omit<RunningHub, 'pid' | 'born'>): () => void {
  writePrivate(runningFile(state), `${JSON.stringify({ pid: process.pid, born: bornOf(process.pid), ...hub }, null, 2)}\n`);
  return () => rmSync(runningFile(state), { force: true });
}

/** Refuses a state folder that another hub uses. Throws a Fault `already-running`. */
export function refuseSecondHub(state: StateFolder): void {
  const other = runningHub(state);
  if (other === undefined) return;
  throw new Fault('already-running', `a hub runs with the state folder ${state.path} already (process ${other.pid})`, {
    cure: `end it with kill ${other.pid}, or give this one a folder of its own with --state DIR`,
  });
}
