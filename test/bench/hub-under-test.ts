import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../stage/checkout.js';
import { communityText } from '../stage/community.js';
import { openFolder } from '../stage/folder.js';
import { startProgram } from '../stage/program.js';
import type { Candidate, Place, RunningHub } from './candidate.js';
import { answererDomain, hubDomain, senderDomain } from './credentials.js';
import { type Feature, metricsEveryMs } from './features.js';
import type { Sink } from './sink.js';

/** How the hub is run. */
export interface HubOptions {
  /** All services in one process. */
  readonly single: boolean;
  /** Environment of all its processes: where tools are cached, GUILDHALL_ settings to try. */
  readonly environment: Readonly<Record<string, string>>;
  /** What is switched on by that environment, and must be seen to work; default nothing is asked. */
  readonly features?: readonly Feature[];
  /** The collector it pushes to. */
  readonly sink?: Sink;
  /** Members of its community; those that no load needs are there and say nothing. Default only those that are needed. */
  readonly members?: number;
}

/** Opening connections is not what is measured: a thousand from one address come as fast as they can be answered. */
const handshakes = {
  GUILDHALL_INGRESS_LIMITS_HANDSHAKES_PER_SECOND: '10000',
  GUILDHALL_INGRESS_LIMITS_HANDSHAKES_PER_SECOND_PER_ADDRESS: '10000',
};

/** Where those listen who are never written to: nowhere. */
const deadPort = 9;

/** How long the hub may take to be ready, in ms: the first start may fetch nats-server. */
const startPatience = 60_000;

/** Of so many transactions one is traced, or tracing does not work. */
const surelyTraced = 2_000;

/** Our hub as `guildhall up` runs it: nats-server and a process a service. */
export function hubUnderTest(name: string, options: HubOptions): Candidate {
  return { name, start: (place) => start(options, place) };
}

async function start(options: HubOptions, place: Place): Promise<RunningHub> {
  const folder = openFolder('bench');
  const { credentials, sink, source, others } = place;
  const member = (id: string, domain: string, port: number) => ({
    id,
    domains: [domain],
    proxies: [{ host: '127.0.0.1', port, name: domain }],
  });
  const members = [
    member('a', senderDomain, source),
    member('b', answererDomain, sink),
    ...others.map(({ domain, port }, index) => member(`m${index}`, domain, port)),
  ];
  for (let index = members.length; index < (options.members ?? 0); index += 1)
    members.push(member(`silent${index}`, `silent${index}.example`, deadPort));
  const { certFile: cert, keyFile: key } = credentials.hub;
  writeFileSync(folder.file('community.yaml'), communityText({ members }, { domain: hubDomain, cert, key, ca: credentials.authorityFile }));
  const script = join(checkoutRoot(), 'services/cli/dist/main.js');
  const args = [
    script,
    'up',
    '--community',
    folder.file('community.yaml'),
    '--state',
    folder.file('state'),
    '--json',
    ...(options.single ? ['--single'] : []),
  ];
  const program = await startProgram(process.execPath, args, { environment: { ...handshakes, ...options.environment } });
  const stop = async (): Promise<void> => {
    place.signal.removeEventListener('abort', abandon);
    await program.stop();
    folder.close();
  };
  const abandon = (): void => void program.stop();
  place.signal.addEventListener('abort', abandon, { once: true });
  try {
    const [line] = await program.line(/^\{"ready":true.*\}$/m, startPatience);
    const { port, admins } = readReady(line);
    for (const admin of admins.values()) await ready(admin, place.signal);
    let measured = 0;
    const scraping = options.features?.includes('metrics') === true ? scrape([...admins.values()]) : undefined;
    return {
      port,
      serverName: hubDomain,
      pid: program.pid,
      output: () => program.output().slice(-2000),
      complaints(transactions) {
        measured += transactions;
        return complaints(options, admins, measured);
      },
      async stop() {
        clearInterval(scraping);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The line with which `up --json` tells that it is ready: the first listener's port and the admin addresses of the services. */
function readReady(line: string): { port: number; admins: ReadonlyMap<string, string> } {
  const said: unknown = JSON.parse(line);
  const listeners = field(said, 'listeners');
  const address = field(Array.isArray(listeners) ? listeners[0] : undefined, 'address');
  const port = Number(/:(\d+)$/.exec(typeof address === 'string' ? address : '')?.[1]);
  if (!(port > 0)) throw new Error(`guildhall up told no listener: ${line}`);
  const admins = ['policy', 'relay', 'ingress', 'console'].flatMap((service): [string, string][] => {
    const admin = field(field(said, 'admin'), service);
    return typeof admin === 'string' ? [[service, admin]] : [];
  });
  return { port, admins: new Map(admins) };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}

/** Resolves when the service at an admin address says that it is ready; asks ten times a second. */
async function ready(admin: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + startPatience;
  for (;;) {
    const answer = await fetch(`http://${admin}/readyz`, { signal });
    if (answer.ok) return;
    const reasons = await answer.text();
    if (performance.now() > deadline) throw new Error(`http://${admin}/readyz does not get ready: ${reasons}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Reads /metrics of every service as a Prometheus does. */
function scrape(admins: readonly string[]): NodeJS.Timeout {
  const read = async (admin: string) => {
    await (await fetch(`http://${admin}/metrics`)).text();
  };
  return setInterval(() => {
    // A service that does not answer is found out by the load.
    for (const admin of admins) read(admin).catch(() => undefined);
  }, metricsEveryMs);
}

/** What of its features the hub did not do: a bench of something that does not work proves nothing. */
async function complaints(
  { features = [], sink }: HubOptions,
  admins: ReadonlyMap<string, string>,
  transactions: number,
): Promise<readonly string[]> {
  const found: string[] = [];
  if (features.includes('records')) {
    const kept = await recordsKept(admins.get('ingress') ?? '', transactions);
    if (kept.stored < transactions || kept.dropped > 0) found.push(`${kept.stored} records were stored, ${kept.dropped} dropped`);
  }
  if (features.includes('traces') && transactions >= surelyTraced && (sink?.taken('/v1/traces') ?? 0) === 0)
    found.push('no trace was pushed');
  if (features.includes('metrics') && (sink?.taken('/v1/metrics') ?? 0) === 0) found.push('no metrics were pushed');
  return found;
}

/** How many records ingress has stored and dropped, once they are so many together, or after ten seconds. */
async function recordsKept(admin: string, least: number): Promise<{ stored: number; dropped: number }> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const text = await (await fetch(`http://${admin}/metrics`)).text();
    const count = (result: string) =>
      Number(new RegExp(`^guildhall_records_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
    const kept = { stored: count('stored'), dropped: count('dropped') };
    if (kept.stored + kept.dropped >= least || performance.now() > deadline) return kept;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
