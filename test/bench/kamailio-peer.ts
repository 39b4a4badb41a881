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

/** How long Kamailio may take to listen, in ms. */
const startPatience = 20_000;
/** Reading workers: one a core of the 2-core target. More cost CPU and bring nothing there. */
const workers = 2;

/** Kamailio as a hub, or undefined where there is none. `stateless` forwards without transactions. */
export async function kamailioPeer(name: string, stateless: boolean): Promise<Candidate | undefined> {
  const tool = await kamailioTool();
  return tool === undefined ? undefined : { name, start: (place) => start(tool, stateless, place) };
}

async function start(tool: KamailioTool, stateless: boolean, place: Place): Promise<RunningHub> {
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
    workers: String(workers),
    folder: folder.path,
    modules: tool.modules === '' ? '' : `mpath=${JSON.stringify(tool.modules)}`,
  };
  const text = readFileSync(join(checkoutRoot(), 'test/bench/kamailio-hub.cfg'), 'latin1');
  writeFileSync(
    folder.file('hub.cfg'),
    text.replace(/\{\{([a-z]+)\}\}/g, (_, word: string) => fill[word] ?? ''),
  );
  // In the foreground with children (-DD); the allocator for production instead of Debian's checking one, which costs half the speed;
  // 1 GiB shared and 32 MiB private memory are never the limit at these loads.
  const args = [
    '-f',
    folder.file('hub.cfg'),
    '-DD',
    '-E',
    '-x',
    'fm',
    '-X',
    'fm',
    '-m',
    '3072',
    '-M',
    '32',
    '-Y',
    folder.path,
    ...(stateless ? ['-A', 'STATELESS'] : []),
  ];
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
  return { port, serverName: hubDomain, pid: program.pid, output: () => program.output().slice(-2000), stop };
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
