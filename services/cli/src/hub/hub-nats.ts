import { randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { Fault } from '@guildhall/chassis/fault';
import { provide } from '../../../../deploy/tools.mjs';
import type { LogStream } from './log-stream.js';
import { type BusService, busServices, natsConf } from './nats-conf.js';
import { type NatsServer, startNatsServer } from './nats-server.js';
import type { NatsAccess } from './service-configs.js';
import type { StateFolder } from './state-folder.js';

/** The NATS of a hub: one of our own, kept alive, or someone else's. */
export interface HubNats {
  readonly access: NatsAccess;
  /** Undefined for one that is not ours. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const restartPause = 500;

function parseUrl(text: string): { url: string; user?: string; password?: string } | undefined {
  try {
    const url = new URL(text.includes('://') ? text : `nats://${text}`);
    if (!['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') return undefined;
    const address = `${url.protocol}//${url.hostname}:${url.port || '4222'}`;
    if (url.username === '') return { url: address };
    return { url: address, user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    return undefined;
  }
}

/** Splits user and password off the URLs of GUILDHALL_NATS_URL: services take them apart from the address, which may be logged. Throws a Fault. */
export function readNatsUrl(text: string): NatsAccess {
  const parts = text.split(',').map((part) => {
    const parsed = parseUrl(part.trim());
    if (parsed !== undefined) return parsed;
    throw new Fault('nats-url', 'GUILDHALL_NATS_URL is no address of a NATS server', { cure: 'write nats://host:4222', exitCode: 2 });
  });
  const { url: _, ...who } = parts.find(({ user }) => user !== undefined) ?? { url: '' };
  return { url: parts.map(({ url }) => url).join(','), users: { ingress: who, policy: who, relay: who, console: who } };
}

/** Whether something answers at an address, and why not. */
function reach(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url.split(',')[0] ?? url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: 5000 });
    const end = (trouble: string | undefined) => {
      socket.destroy();
      resolve(trouble);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('no answer within 5 s'));
    socket.once('error', (error) => end(error.message));
  });
}

async function foreignNats(text: string): Promise<HubNats> {
  const access = readNatsUrl(text);
  const trouble = await reach(access.url);
  if (trouble !== undefined) {
    throw new Fault('nats-unreachable', `NATS at ${access.url} (GUILDHALL_NATS_URL) cannot be reached: ${trouble}`, {
      cure: 'start that server or correct the address; without GUILDHALL_NATS_URL a server of our own is started',
    });
  }
  return { access, pid: () => undefined, stop: async () => {} };
}

/**
 * How the Go runtime of our nats-server runs, unless the operator's environment says otherwise: on one processor. It serves one ingress and one relay,
 * which keep it busy for a quarter of a core; on several its threads mostly wake each other and look for work, at a third more CPU.
 */
export function goRuntime(env: Readonly<Record<string, string | undefined>>): Readonly<Record<'GOMAXPROCS', string>> {
  return { GOMAXPROCS: env['GOMAXPROCS'] || '1' };
}

/** Makes NATS ready for a hub. Throws a Fault: exit code 3 when there is no nats-server to be had. */
export async function startHubNats(
  state: StateFolder,
  env: Readonly<Record<string, string | undefined>>,
  log: LogStream,
): Promise<HubNats> {
  const given = env['GUILDHALL_NATS_URL'];
  if (given) return foreignNats(given);
  const provision = provide('nats-server', (line) => log.say('info', line), { ...env });
  if (provision.kind === 'missing')
    throw new Fault('no-nats-server', `no nats-server: ${provision.cause}`, { cure: provision.cure, exitCode: 3 });
  const secret = () => randomBytes(24).toString('base64url');
  const passwords: Record<BusService, string> = { ingress: secret(), policy: secret(), relay: secret(), console: secret() };
  const { binary, environment } = provision.tool;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  const begin = (port: number): Promise<NatsServer> =>
    startNatsServer({
      binary,
      environment: { ...goRuntime(env), ...environment },
      folder: state.run,
      conf: natsConf({ host: '127.0.0.1', port, storeFolder: state.nats, passwords }),
      log: (level, message) => log.line('nats', JSON.stringify({ level, time: new Date().toISOString(), msg: message })),
    });
  let server = await begin(-1);
  const { port, url } = server;
  /** The same port again: the services reconnect by themselves. */
  function keepAlive(): void {
    void server.ended.then(() => {
      if (stopping) return;
      log.say('error', `nats-server ended; starting it again in ${restartPause} ms`);
      timer = setTimeout(async () => {
        try {
          server = await begin(port);
          log.say('info', 'nats-server serves again');
        } catch (thrown) {
          log.say('error', thrown instanceof Error ? thrown.message : String(thrown));
        }
        keepAlive();
      }, restartPause);
    });
  }
  keepAlive();
  const users = Object.fromEntries(busServices.map((service) => [service, { user: service, password: passwords[service] }]));
  return {
    access: { url, users: { ingress: {}, policy: {}, relay: {}, console: {}, ...users } },
    pid: () => server.pid,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await server.stop();
    },
  };
}
