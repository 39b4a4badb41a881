import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { type Hub, type HubSettings, startHub } from '../stage/hub.js';
import { readCounter } from '../stage/metric-sum.js';
import type { Candidate, Place, RunningHub } from './candidate.js';
import { answererDomain, hubDomain, senderDomain } from './credentials.js';
import { type Feature, featureSettings } from './features.js';
import type { Pattern } from './patterns.js';
import type { Sink } from './sink.js';

/** A hub of so many ingresses and relays, one policy and one nats-server. */
export function hubOfInstances(name: string, instances: number, features: readonly Feature[], sink: Sink): Candidate {
  return { name, start: (place) => start(instances, features, sink, place) };
}

/** The load of one instance for so many of them. It keeps its name, so that the runs can be compared. */
export function timesInstances(pattern: Pattern, instances: number): Pattern {
  return { ...pattern, connections: pattern.connections * instances, rate: pattern.rate * instances };
}

/** How a hub of instances is run, in words. */
export function howInstancesRun(): string {
  const cores = cpus().length;
  const pinned = bind(process.pid, `0-${cores - 1}`);
  return pinned
    ? `ingress-N and relay-N share core N of ${cores} by taskset, the rest and the load go where there is room`
    : 'nothing is pinned: taskset is missing';
}

async function start(instances: number, features: readonly Feature[], sink: Sink, place: Place): Promise<RunningHub> {
  const { credentials, others } = place;
  const member = (id: string, domain: string, port: number) => ({
    id,
    domains: [domain],
    proxies: [{ host: '127.0.0.1', port, name: domain }],
  });
  const hub = await startHub({
    community: {
      members: [
        member('a', senderDomain, place.source),
        member('b', answererDomain, place.sink),
        ...others.map(({ domain, port }, index) => member(`m${index}`, domain, port)),
      ],
    },
    domain: hubDomain,
    identity: credentials.hub,
    authority: credentials.authority,
    topology: { ingresses: instances, relays: instances, policies: 1 },
    settings: settingsOf(features, sink),
    apart: true,
  });
  const cores = cpus().length;
  for (const [index, one] of [...hub.ingresses.entries(), ...hub.relays.entries()]) bind(one.pid(), String(index % cores));
  const [first, ...further] = hub.ingresses.map(({ port }) => port);
  const all = [...hub.ingresses, ...hub.relays, ...hub.policies];
  let measured = 0;
  return {
    port: first ?? 0,
    further,
    serverName: hubDomain,
    pid: 0,
    pids: [...all.map((one) => one.pid()), hub.nats.pid()],
    output: () => JSON.stringify(all.flatMap((one) => one.log()).slice(-5)),
    complaints(transactions) {
      measured += transactions;
      return complaints(hub, features, measured);
    },
    stop: () => hub.close(),
  };
}

function settingsOf(features: readonly Feature[], sink: Sink): HubSettings {
  const { records, telemetry } = featureSettings(features, sink.url);
  // Opening connections is not what is measured.
  const limits = { handshakesPerSecond: 10_000, handshakesPerSecondPerAddress: 10_000 };
  return { ingress: { records, telemetry, limits }, relay: { telemetry }, policy: { telemetry } };
}

/** A relay that nothing went through proves nothing; nor does a hub that leaves out what it is to do. */
async function complaints(hub: Hub, features: readonly Feature[], transactions: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const relay of hub.relays)
    if ((await readCounter(relay, 'guildhall_relay_forwards_total', {})) === 0)
      found.push(`${relay.id} had nothing to do: see --patterns fan-out`);
  if (!features.includes('records')) return found;
  const deadline = performance.now() + 10_000;
  for (;;) {
    const stored = await hub.counted('ingress', 'guildhall_records_total', { result: 'stored' });
    if (stored >= transactions) return found;
    if (performance.now() > deadline) return [...found, `${stored} records were stored`];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function bind(pid: number, cores: string): boolean {
  return spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' }).status === 0;
}
