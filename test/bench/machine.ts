import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { kamailioTool, natsServerTool } from '../stage/tools.js';
import type { Machine } from './history.js';

/** The machine this runs on, and the programs that are measured with. Rejects without nats-server. */
export async function describeMachine(): Promise<Machine> {
  const [nats, kamailio] = [await natsServerTool(), await kamailioTool()];
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.version,
    natsServer: versionOf(nats.binary, nats.environment),
    kamailio: kamailio === undefined ? '' : versionOf(kamailio.binary, kamailio.environment),
  };
}

/** What `-v` says in its first line, down to the number: "nats-server: v2.9.15", "version: kamailio 5.6.3 (x86_64/linux)". */
function versionOf(binary: string, environment: NodeJS.ProcessEnv): string {
  const { stdout } = spawnSync(binary, ['-v'], { encoding: 'utf8', timeout: 10_000, env: { PATH: process.env['PATH'], ...environment } });
  return /v?\d+(\.\d+)+\S*/.exec(stdout ?? '')?.[0] ?? 'unknown';
}
