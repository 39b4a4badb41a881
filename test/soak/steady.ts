import { answererDomain, hubDomain, senderDomain } from '../bench/credentials.js';
import { startLoadChild } from '../bench/load-child.js';
import type { LoadResult } from '../bench/tally.js';
import { openSafe } from '../stage/certificates.js';
import { startHub } from '../stage/hub.js';
import { hubCertificate, memberCertificate } from '../stage/identities.js';
import { type Resident, residentOf } from './hub-processes.js';

/** How much for how long. */
export interface SteadyPart {
  readonly seconds: number;
  /** Transactions a second. */
  readonly rate: number;
  /** Percent that a process may add. */
  readonly growth: number;
  say(line: string): void;
}

/** What one process kept in memory, MiB: the least after the warm-up, the least at the end, and the most of all. */
export interface Kept {
  readonly process: string;
  readonly first: number;
  readonly last: number;
  readonly most: number;
}

/** What came of it. */
export interface SteadyFindings {
  readonly result: LoadResult;
  /** Requests that reached the other member. */
  readonly arrived: number;
  readonly memory: readonly Kept[];
  /** Sentences; empty where all went well. */
  readonly failures: readonly string[];
}

const connections = 4;
/** More than can be on the way where the hub keeps up: the load is open, and a hub that falls behind shows in its latency. */
const window = 5_000;
/** Without any answer for so long the rest is lost, ms. */
const patience = 35_000;
/** What is left out before memory is looked at, and over how long the least of it is taken, seconds. */
const warmUp = 60;
const look = 15;
/** Less than this is noise where a process is small or the run short, MiB. */
const noise = 8;

/** Runs a hub of one process a service under an even load. Rejects only when the stage itself fails. */
export async function soakSteady({ seconds, rate, growth, say }: SteadyPart): Promise<SteadyFindings> {
  const safe = openSafe();
  const [sender, answerer] = [startLoadChild(), startLoadChild()];
  try {
    const authority = await safe.authority('soak');
    const identityOf = async (domain: string) => ({ ...(await memberCertificate(authority, domain)), domain, ca: authority.cert });
    const { port } = await answerer.order({ kind: 'listen', port: 0, identity: await identityOf(answererDomain) }, 'listening');
    const hub = await startHub({
      community: {
        members: [
          // Nobody dials it: it is no member that is reached only over its own connections.
          { id: 'a', domains: [senderDomain], proxies: [{ host: '127.0.0.1', port: 9, name: senderDomain }] },
          { id: 'b', domains: [answererDomain], proxies: [{ host: '127.0.0.1', port, name: answererDomain }] },
        ],
      },
      domain: hubDomain,
      identity: await hubCertificate(authority, hubDomain),
      authority,
      apart: true,
    });
    try {
      const identity = await identityOf(senderDomain);
      const to = { port: hub.ingresses[0]?.port ?? 0, serverName: hubDomain, peer: answererDomain };
      await sender.order({ kind: 'connect', ...to, identity, connections }, 'connected');
      const samples: Resident[] = [];
      const began = performance.now();
      const watch = setInterval(() => {
        samples.push(residentOf(hub));
        const passed = Math.round((performance.now() - began) / 1_000);
        if (passed % 10 === 0)
          say(`${passed} of ${seconds} s: ${[...(samples.at(-1) ?? [])].map(([name, mib]) => `${name} ${mib.toFixed(0)}`).join(', ')} MiB`);
      }, 1_000);
      const load = { connections, window, rate, count: rate * seconds, patience };
      const { result } = await sender.order({ kind: 'run', load }, 'result').finally(() => clearInterval(watch));
      const arrived = (await answerer.order({ kind: 'requests' }, 'requests')).requests;
      const memory = keptOf(samples.slice(0, seconds));
      return { result, arrived, memory, failures: failuresOf(result, arrived, memory, growth) };
    } finally {
      await hub.close();
    }
  } finally {
    sender.close();
    answerer.close();
    safe.close();
  }
}

/** What each process kept, from samples a second apart. */
export function keptOf(samples: readonly Resident[]): Kept[] {
  const from = Math.min(warmUp, Math.floor(samples.length / 3));
  const span = Math.max(1, Math.min(look, Math.floor(samples.length / 3)));
  const least = (name: string, some: readonly Resident[]): number => Math.min(...some.map((sample) => sample.get(name) ?? 0));
  return [...(samples[0]?.keys() ?? [])].map((process) => ({
    process,
    first: least(process, samples.slice(from, from + span)),
    last: least(process, samples.slice(-span)),
    most: Math.max(...samples.map((sample) => sample.get(process) ?? 0)),
  }));
}

/** What is wrong, in sentences. */
export function failuresOf(result: LoadResult, arrived: number, memory: readonly Kept[], growth: number): string[] {
  const failures = [...result.troubles];
  if (result.lost > 0) failures.push(`${result.lost} requests were not answered`);
  if (result.refused > 0) failures.push(`${result.refused} requests were refused: ${JSON.stringify(result.statuses)}`);
  if (result.stray > 0) failures.push(`${result.stray} answers too many`);
  if (arrived !== result.count) failures.push(`${arrived} requests reached the other member, ${result.count} were sent`);
  for (const { process, first, last } of memory) {
    const allowed = Math.max((first * growth) / 100, noise);
    if (last - first > allowed)
      failures.push(`${process} grew from ${first.toFixed(1)} to ${last.toFixed(1)} MiB, ${allowed.toFixed(1)} are allowed`);
    if (last === 0) failures.push(`${process} has ended`);
  }
  return failures;
}
