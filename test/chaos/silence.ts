import { join } from 'node:path';
import { checkoutRoot } from '../stage/checkout.js';
import { openFolder } from '../stage/folder.js';
import { type Program, startProgram } from '../stage/program.js';
import { openPath } from './path.js';
import { atLast, system, systemProgram, whyNotRoot } from './system.js';

/** A way to a proxy whose middle can be lost without a word to either end. */
export interface SilentWay {
  /** Where whoever dials it goes. */
  readonly host: string;
  readonly port: number;
  /** How it is made, for the table. */
  readonly how: string;
  /** From now on nothing arrives at either end: no byte, no end of a connection, no refusal. */
  fallSilent(): Promise<void>;
  /** It is there again. */
  speak(): Promise<void>;
  close(): Promise<void>;
}

/** The network that RFC 2544 keeps for measurements: no address of it is anybody's. */
const network = '198.18';
/** A neighbour that does not exist: what is sent to it is dropped by whoever gets it. */
const nobody = '02:00:00:00:00:01';

/**
 * Opens a way to a TCP port of 127.0.0.1. Where root allows, it leads over a pair of virtual interfaces into a network namespace, and silence
 * drops the packets; else over a TCP proxy, and silence stops it from reading. `number` keeps the ways of one process apart, from 0 to 63.
 */
export async function openSilentWay(port: number, number = 0): Promise<SilentWay> {
  const obstacle = whyNotRoot(['ip', 'nsenter']) ?? triedNamespace(number);
  if (typeof obstacle !== 'string') return acrossNamespaces(port, obstacle);
  const path = await openPath({ port });
  return {
    host: '127.0.0.1',
    port: path.port,
    how: `a TCP proxy in the path stops reading (no network namespace: ${obstacle})`,
    fallSilent: () => path.pass({ kind: 'stalls' }),
    speak: () => path.pass({ kind: 'flows' }),
    close: () => path.close(),
  };
}

/** A namespace with an interface in it, joined to one of ours. */
interface Namespace {
  readonly name: string;
  readonly ours: { readonly device: string; readonly address: string };
  readonly theirs: { readonly device: string; readonly address: string };
  remove(): void;
}

function triedNamespace(number: number): Namespace | string {
  try {
    return openNamespace(number);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function openNamespace(number: number): Namespace {
  const name = `guildhall-${process.pid}-${number}`;
  const subnet = `${network}.${process.pid % 256}`;
  const ours = { device: `gh${process.pid}o${number}`, address: `${subnet}.${4 * number + 1}` };
  const theirs = { device: `gh${process.pid}t${number}`, address: `${subnet}.${4 * number + 2}` };
  system('ip', 'netns', 'add', name);
  // With it go its interface and the other end of the pair.
  const remove = atLast(() => void system('ip', 'netns', 'del', name));
  try {
    system('ip', 'link', 'add', ours.device, 'type', 'veth', 'peer', 'name', theirs.device, 'netns', name);
    system('ip', 'addr', 'add', `${ours.address}/30`, 'dev', ours.device);
    system('ip', 'link', 'set', ours.device, 'up');
    system('ip', '-n', name, 'addr', 'add', `${theirs.address}/30`, 'dev', theirs.device);
    system('ip', '-n', name, 'link', 'set', theirs.device, 'up');
    return { name, ours, theirs, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

async function acrossNamespaces(port: number, { name, ours, theirs, remove }: Namespace): Promise<SilentWay> {
  const folder = openFolder('silence');
  // A socket of the file system is the only door between the two: a namespace has a 127.0.0.1 of its own.
  const door = { path: folder.file('door') };
  const inside = await openPath({ port }, door);
  let far: Program | undefined;
  const close = async () => {
    await far?.stop('SIGKILL');
    await inside.close();
    remove();
    folder.close();
  };
  const neighbours = [
    ['neigh', 'replace', theirs.address, 'lladdr', nobody, 'dev', ours.device, 'nud', 'permanent'],
    ['-n', name, 'neigh', 'replace', ours.address, 'lladdr', nobody, 'dev', theirs.device, 'nud', 'permanent'],
  ];
  try {
    const main = join(checkoutRoot(), 'test/dist/chaos/silence-main.js');
    // Not by `ip netns exec`: that takes a copy of every mount along, which keeps disks busy that others want to unmount.
    const enter = [`--net=/run/netns/${name}`, process.execPath, main, theirs.address, door.path];
    far = await startProgram(systemProgram('nsenter') ?? 'nsenter', enter);
    const [, listening] = await far.line(/listening on (\d+)/);
    return {
      host: theirs.address,
      port: Number(listening),
      how: 'a virtual interface into a network namespace drops every packet',
      async fallSilent() {
        for (const args of neighbours) system('ip', ...args);
      },
      async speak() {
        for (const args of neighbours) system('ip', ...args.map((word) => (word === 'replace' ? 'del' : word)));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
