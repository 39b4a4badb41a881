import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type BusService, natsConf } from '@guildhall/cli/hub/nats-conf';
import type { Tool } from '../../deploy/tools.mjs';
import { type Folder, openFolder } from './folder.js';
import { distinctPorts } from './port.js';
import { type Program, startProgram } from './program.js';
import { natsServerTool } from './tools.js';

/** One nats-server of a cluster. */
export interface ClusterServer {
  /** From 1. */
  readonly number: number;
  /** Where clients reach it on 127.0.0.1. */
  readonly port: number;
  pid(): number;
  /** SIGKILL; what JetStream stored stays. */
  kill(): Promise<void>;
  /** SIGTERM, as its operator ends it. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same store; resolves when it takes clients. */
  revive(): Promise<void>;
  /** SIGSTOP: it answers nobody and keeps its connections; `resume` lets it go on. */
  freeze(): void;
  resume(): void;
  /** The folder where its JetStream keeps its files. */
  readonly store: string;
}

/** nats-servers with JetStream and the users of our services, one or three of them in a cluster. */
export interface NatsCluster {
  readonly servers: readonly ClusterServer[];
  readonly passwords: Readonly<Record<BusService, string>>;
  /** The server with the most client connections. */
  busiest(): ClusterServer;
  close(): Promise<void>;
}

/** How the servers are started. */
export interface ClusterPart {
  readonly count: 1 | 3;
  /** The folder in which the server of this number keeps its JetStream; default one of ours, removed at the end. */
  readonly store?: (number: number) => string;
}

/** Starts nats-servers on free ports, in a cluster where there are several, and resolves when all take clients and JetStream has a leader. */
export async function startNatsCluster({ count, store }: ClusterPart): Promise<NatsCluster> {
  const tool = await natsServerTool();
  const folder = openFolder('nats');
  const password = () => randomBytes(12).toString('hex');
  const passwords = { ingress: password(), policy: password(), relay: password(), console: password() } satisfies Record<
    BusService,
    string
  >;
  const routePassword = password();
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const ports = await distinctPorts(count * 2);
  const routes = ports.slice(count).map((port) => `127.0.0.1:${port}`);
  const servers = numbers.map((number) => {
    const port = ports[number - 1] ?? 0;
    const storeFolder = store?.(number) ?? folder.file(`store-${number}`);
    mkdirSync(storeFolder, { recursive: true });
    const cluster = { serverName: `guildhall-${number}`, port: ports[count + number - 1] ?? 0, routes, password: routePassword };
    const conf = natsConf({ host: '127.0.0.1', port, storeFolder, passwords, ...(count === 1 ? {} : { cluster }) });
    return serverOf(tool, folder, { number, port, store: storeFolder, conf });
  });
  const close = async () => {
    for (const server of servers) {
      server.resume();
      await server.kill();
    }
    folder.close();
  };
  try {
    await Promise.all(servers.map((server) => server.revive()));
    if (count > 1) await Promise.any(servers.map((server) => server.said(/JetStream cluster new metadata leader/)));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    servers,
    passwords,
    busiest: () => servers.toSorted((one, other) => connectionsTo(other.port) - connectionsTo(one.port))[0] ?? lone(servers),
    close,
  };
}

interface ServerPart {
  readonly number: number;
  readonly port: number;
  readonly store: string;
  readonly conf: string;
}

type OwnServer = ClusterServer & { said(pattern: RegExp): Promise<unknown> };

function serverOf({ binary, environment }: Tool, folder: Folder, { number, port, store, conf }: ServerPart): OwnServer {
  const file = folder.file(`nats-${number}.conf`);
  writeFileSync(file, conf, { mode: 0o600 });
  let server: Program | undefined;
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    try {
      if (server !== undefined) process.kill(server.pid, name);
    } catch {
      // It has ended.
    }
  };
  return {
    number,
    port,
    store,
    pid: () => server?.pid ?? 0,
    kill: async () => server?.stop('SIGKILL'),
    stop: async () => server?.stop('SIGTERM'),
    async revive() {
      server = await startProgram(binary, ['-c', file], { environment });
      await server.line(/Server is ready/);
    },
    freeze: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    said: async (pattern) => server?.line(pattern),
  };
}

/** Established TCP connections to a port of 127.0.0.1, counted at the server's end (proc(5): local address 1, state 3 with 01 for established). */
function connectionsTo(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .filter((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[1] === local && fields[3] === '01';
    }).length;
}

function lone(servers: readonly ClusterServer[]): ClusterServer {
  const [first] = servers;
  if (first === undefined) throw new Error('a cluster of no servers');
  return first;
}
