import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority, Identity } from './certificates.js';
import { checkoutRoot } from './checkout.js';
import { openFolder } from './folder.js';
import { freePort } from './port.js';
import { type Program, startProgram } from './program.js';
import { kamailioTool } from './tools.js';

/** What a member's Kamailio is given: the same values that `interop/kamailio/member.cfg` asks a member to fill in. */
export interface KamailioPart {
  readonly domain: string;
  readonly identity: Identity;
  readonly authority: Authority;
  /** Port for the hub; default a free one. */
  readonly tlsPort?: number;
  /** Where the hub listens, and the name in its certificate. */
  readonly hub: { readonly host: string; readonly port: number; readonly name: string };
}

/** A real Kamailio that is a member's proxy. */
export interface KamailioProxy {
  readonly domain: string;
  /** For the hub, mutual TLS. */
  readonly tlsPort: number;
  /** For users, UDP and TCP. */
  readonly userPort: number;
  /** Everything it logged. */
  output(): string;
  /** Ends it as if the machine lost power. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Starts Kamailio with member.cfg and resolves when all of its ports take messages. Rejects with its log when it does not start. */
export async function startKamailio(part: KamailioPart): Promise<KamailioProxy> {
  const tool = await kamailioTool();
  if (tool === undefined) throw new Error('kamailio is missing');
  const folder = openFolder('kamailio');
  const source = join(checkoutRoot(), 'test', 'interop', 'kamailio');
  for (const name of ['member.cfg', 'tls.cfg']) copyFileSync(join(source, name), folder.file(name));
  writeFileSync(folder.file('member.crt'), part.identity.cert);
  writeFileSync(folder.file('member.key'), part.identity.key, { mode: 0o600 });
  writeFileSync(folder.file('community.crt'), part.authority.cert);

  const tlsPort = part.tlsPort ?? (await freePort());
  const userPort = await freePort();
  const settings = [
    `MY_DOMAIN="${part.domain}"`,
    'MY_ADDRESS=127.0.0.1',
    `MY_TLS_PORT=${tlsPort}`,
    `MY_USER_PORT=${userPort}`,
    `HUB="sip:${part.hub.host}:${part.hub.port};transport=tls"`,
    `HUB_NAME="${part.hub.name}"`,
  ];
  // In the foreground, logging to us, with little memory; the rest is the member's own configuration.
  const args = ['-DD', '-E', '-m', '32', '-M', '4', '-Y', folder.path, '-L', tool.modules, '-f', folder.file('member.cfg')];
  let program: Program | undefined;
  try {
    program = await startProgram(tool.binary, [...args, ...settings.flatMap((setting) => ['-A', setting])], {
      environment: tool.environment,
      folder: folder.path,
      group: true,
    });
    await program.line(/takes requests/);
  } catch (error) {
    await program?.stop('SIGKILL');
    folder.close();
    throw error;
  }
  const running = program;
  return {
    domain: part.domain,
    tlsPort,
    userPort,
    output: running.output,
    kill: () => running.stop('SIGKILL'),
    async close() {
      await running.stop('SIGTERM');
      folder.close();
    },
  };
}
