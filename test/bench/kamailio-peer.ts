import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { KamailioTool } from '../../deploy/tools.mjs';
import { checkoutRoot } from '../stage/checkout.js';
import { openFolder } from '../stage/folder.js';
import { freePort } from '../stage/port.js';
import { startProgram } from '../stage/program.js';
import { kamailioTool } from '../stage/tools.js';
import type { Candidate, Place, RunningHub } from './candidate.js';
import { answererDomain, hubDomain, senderDomain } from './credentials.js';
import { processesBelow } from './usage.js';

/** How long Kamailio may take to listen, in ms. */
const startPatience = 20_000;
/** Reading workers: one a core of the 2-core target. More cost CPU and bring nothing there. */
const workers = 2;

/** A way to run Kamailio. */
interface Manner {
  /** Forwards without transactions. */
  readonly stateless: boolean;
  /** As Debian's package has it; otherwise with all that was found to make it faster. */
  readonly packaged: boolean;
}

const manners = {
  kamailio: { stateless: false, packaged: false },
  'kamailio-stateless': { stateless: true, packaged: false },
  'kamailio-packaged': { stateless: false, packaged: true },
  'kamailio-packaged-stateless': { stateless: true, packaged: true },
} as const satisfies Readonly<Record<string, Manner>>;

/** The peers there are. */
export type KamailioName = keyof typeof manners;

/** How it is started, and its configuration. All in the foreground with children (-DD); shared and private memory are never the limit. */
const started = {
  // The allocator for production instead of the checking one that Debian's build takes of itself.
  tuned: { config: 'kamailio-hub.cfg', arguments: ['-x', 'fm', '-X', 'fm', '-m', '3072', '-M', '32'] },
  packaged: { config: 'kamailio-packaged.cfg', arguments: ['-m', '3000', '-M', '64'] },
} as const;

/**
 * The checking allocator ends Kamailio 5.6 at the double free that OpenSSL 3 may lead it to when several workers open connections at
 * once (its issue 3791). So many connections are left to several workers, more to one.
 */
const mostForSeveral = 8;

/** Kamailio as a hub in the manner that its name says, or undefined where there is none. */
export async function kamailioPeer(name: KamailioName): Promise<Candidate | undefined> {
  const tool = await kamailioTool();
  if (tool === undefined) return undefined;
  const manner = manners[name];
  const workersFor = (connections: number): number => (manner.packaged && connections > mostForSeveral ? 1 : workers);
  return {
    name,
    apart: ({ connections }) => `${workersFor(connections)} workers`,
    start: (place) => start(tool, manner, workersFor(place.connections), place),
  };
}

async function start(tool: KamailioTool, { stateless, packaged }: Manner, readers: number, place: Place): Promise<RunningHub> {
  const folder = openFolder('kamailio');
  const port = await freePort();
  const { credentials, sink, source, others } = place;
  writeFileSync(folder.file('tls.cfg'), tlsConfig(credentials.hub.certFile, credentials.hub.keyFile, credentials.authorityFile), {
    mode: 0o600,
  });
  const fill: Readonly<Record<string, string>> = {
    port: String(port),
    domains: [senderDomain, answererDomain, ...others.map(({ domain }) => domain)]
      .map((domain) => `  $sht(domain=>${domain}) = "${domain}";`)
      .join('\n'),
    hops: [{ domain: senderDomain, port: source }, { domain: answererDomain, port: sink }, ...others]
      .map(({ domain, port: hop }) => `  $sht(hop=>${domain}) = "sip:127.0.0.1:${hop};transport=tls";`)
      .join('\n'),
    workers: String(readers),
    folder: folder.path,
    modules: tool.modules === '' ? '' : `mpath=${JSON.stringify(tool.modules)}`,
  };
  const { config, arguments: own } = packaged ? started.packaged : started.tuned;
  const text = readFileSync(join(checkoutRoot(), 'test/bench', config), 'latin1');
  writeFileSync(
    folder.file('hub.cfg'),
    text.replace(/\{\{([a-z]+)\}\}/g, (_, word: string) => fill[word] ?? ''),
  );
  const args = [...['-f', folder.file('hub.cfg'), '-DD', '-E', '-Y', folder.path], ...own, ...(stateless ? ['-A', 'STATELESS'] : [])];
  const program = await startProgram(tool.binary, args, { environment: tool.environment, group: true });
  const stop = async (): Promise<void> => {
    await program.stop();
    folder.close();
  };
  let over = false;
  void program.ended.then(() => {
    over = true;
  });
  const deadline = performance.now() + startPatience;
  while (!(await listens(port))) {
    if (over || place.signal.aborted || performance.now() > deadline) {
      await stop();
      throw new Error(`Kamailio did not start: ${program.output().slice(-2000)}`);
    }
  }
  let most = 0;
  // With one of its processes all of it ends, but not at once.
  const died = (): boolean => {
    const now = processesBelow(program.pid).length;
    most = Math.max(most, now);
    return over || now < most;
  };
  return {
    ...{ port, serverName: hubDomain, pid: program.pid, stop },
    ...(readers === workers ? {} : { how: 'one TCP worker' }),
    died,
    output: () => program.output().slice(-2000),
  };
}

function tlsConfig(cert: string, key: string, authority: string): string {
  const lines = [
    'method = TLSv1.2+',
    'verify_certificate = yes',
    'require_certificate = yes',
    `private_key = ${key}`,
    `certificate = ${cert}`,
    `ca_list = ${authority}`,
  ];
  return ['[server:default]', ...lines, '[client:default]', ...lines, ''].join('\n');
}

/** Kamailio does not tell when it is ready: asks the port, ten times a second. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => setTimeout(resolve, 100, false));
  });
}
