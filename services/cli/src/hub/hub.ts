import { join } from 'node:path';
import { Fault } from '@guildhall/chassis/fault';
import { createSameProcess, type SameProcess } from '@guildhall/chassis/same-process';
import type { LoadedCommunity } from '../community/community-file.js';
import { freePort } from './free-port.js';
import { startHubNats } from './hub-nats.js';
import { authorityFolder, noteApiDoor, operatorTokenFile } from './hub-trust.js';
import type { LogStream } from './log-stream.js';
import { type BusService, busServices } from './nats-conf.js';
import {
  type BoundAt,
  type HubPorts,
  namedAsGiven,
  serviceConfigs,
  serviceEnvironment,
  stopOrder,
  strayVariables,
} from './service-configs.js';
import { startServiceProcess } from './service-process.js';
import { noteRunning, refuseSecondHub, type StateFolder, writePrivate } from './state-folder.js';
import { untilReady } from './until-ready.js';

/** How `startHub` starts a hub. */
export interface HubOptions {
  readonly community: LoadedCommunity;
  readonly state: StateFolder;
  /** Folder of the hub's own certificate authority; default: that of the state folder, if it has one. */
  readonly authority?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All services in this process instead of one process each. */
  readonly single: boolean;
  readonly json: boolean;
  /** In one process the services write for themselves; true lets them write errors only. */
  readonly quiet?: boolean;
  /** Where its doors listen; default: that to enrol at where the first listener is, the others on this machine only, all at their usual ports. */
  readonly doors?: HubDoors;
  /** It lives for a moment only, and nobody looks for it again: any ports will do, also for its API. Several may start at once. */
  readonly fleeting?: boolean;
  readonly log: LogStream;
}

/** Where the doors of a hub were told to listen. */
export interface HubDoors {
  readonly api?: BoundAt | undefined;
  readonly enrolment?: BoundAt | undefined;
  readonly metrics?: BoundAt | undefined;
  readonly dashboards?: BoundAt | undefined;
}

/** A whole hub that serves. */
export interface Hub {
  /** In the order of the community file, addresses "host:port" as bound. */
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly admin: Readonly<Record<BusService, string>>;
  readonly grpc: string;
  /** "host:port" where members enrol over HTTPS; '' where the state has no certificate authority. */
  readonly enrolment: string;
  /** "host:port" of the metrics API: gRPC, and HTTPS for browsers. */
  readonly metrics: string;
  readonly dashboards: string;
  readonly nats: string;
  /** Of this process, the services and nats-server. */
  pids(): Record<string, number>;
  /** Drains ingress, then console, relay and policy, then ends NATS: at most 32 s. */
  stop(): Promise<void>;
  /** Ends the services at once. */
  kill(): void;
}

/** One service that runs, in whatever way. */
interface Part {
  readonly service: BusService;
  readonly addresses: Readonly<Record<string, string>>;
  pid(): number | undefined;
  stop(): Promise<void>;
  kill(): void;
}

/** Where each door is found again after a restart, if nobody else has the port. */
const usualPorts = { api: 5070, metrics: 5071, dashboards: 5072, enrolment: 5080 } as const;

const loopback = '127.0.0.1';

/** Services that all run are given so long until each says that it is ready, ms. */
const readyWithin = 10_000;

/** Where a door listens: where it was told to, else at its usual port if nobody else has it. */
async function doorAt(told: BoundAt | undefined, host: string, usual: number, what: string, option: string): Promise<BoundAt> {
  if (told !== undefined) return { host: told.host, port: await freePort(told.host, told.port, what, option) };
  const any = () => freePort(host, 0, what, 'nothing: no port is free');
  return { host, port: usual === 0 ? await any() : await freePort(host, usual, what, option).catch(any) };
}

async function choosePorts({ community }: LoadedCommunity, { doors, fleeting }: HubOptions): Promise<HubPorts> {
  const listeners: number[] = [];
  for (const [at, listener] of community.hub.listeners.entries()) {
    const setting = `hub.listeners[${at}].port in the community file`;
    listeners.push(await freePort(listener.host, listener.port, `the listener ${listener.name}`, setting));
  }
  const any = () => freePort(loopback, 0, 'an admin port', 'nothing: no port is free');
  const admin = { ingress: await any(), policy: await any(), relay: await any(), console: await any() };
  const usual = (port: number) => (fleeting === true ? 0 : port);
  const grpc = await doorAt(doors?.api, loopback, usual(usualPorts.api), 'the API', '--api');
  // Who can reach the listener has to be able to get the certificate that it asks for.
  const outside = community.hub.listeners[0]?.host ?? loopback;
  const enrolment = await doorAt(doors?.enrolment, outside, usual(usualPorts.enrolment), 'the door to enrol at', '--enrolment');
  const metrics = await doorAt(doors?.metrics, loopback, usual(usualPorts.metrics), 'the metrics API', '--metrics');
  const browsers = 'the metrics API for browsers';
  const dashboards = await doorAt(doors?.dashboards, loopback, usual(usualPorts.dashboards), browsers, '--dashboards');
  return { listeners, admin, grpc, enrolment, metrics, dashboards };
}

async function startPart(service: BusService, configFile: string, beside: SameProcess, { env, single, log }: HubOptions): Promise<Part> {
  const ownEnv = serviceEnvironment(service, env);
  if (!single) {
    const child = await startServiceProcess({
      service,
      configFile,
      env: ownEnv,
      line: (text) => log.line(service, text),
      log: (level, message) => log.say(level, message),
    });
    return { service, ...child };
  }
  const controller = new AbortController();
  // Loaded only here: the other way never needs the services' code in this process.
  const { startInProcess } = await import('./up-single.js');
  const running = await startInProcess(service, configFile, ownEnv, controller.signal, beside);
  return {
    service,
    addresses: running.addresses,
    pid: () => undefined,
    async stop() {
      controller.abort();
      await running.closed;
    },
    kill: () => controller.abort(),
  };
}

/** A complaint about settings, in the names they have for `up`; anything else as it is. */
function asGiven(service: BusService, thrown: unknown, env: HubOptions['env']): unknown {
  if (!(thrown instanceof Fault) || thrown.code !== 'config') return thrown;
  const { message, cure, exitCode } = thrown;
  return new Fault('config', namedAsGiven(service, message, env), { cure, exitCode });
}

/** Starts NATS and the services of one hub and resolves once all serve and say that they are ready, or 10 s after they serve. Throws the Fault of whatever does not start; then nothing is left. */
export async function startHub(options: HubOptions): Promise<Hub> {
  refuseSecondHub(options.state);
  const ports = await choosePorts(options.community, options);
  try {
    return await startAt(ports, options);
  } catch (thrown) {
    // A port that was free when it was chosen: somebody else, another hub that starts just now perhaps, was faster.
    if (!(thrown instanceof Fault) || thrown.code !== 'port-taken') throw thrown;
    options.log.say('info', `${thrown.message}: starting again with others`);
    return await startAt(await choosePorts(options.community, { ...options, fleeting: true }), options);
  }
}

/** Starts a hub at these ports. */
async function startAt(ports: HubPorts, options: HubOptions): Promise<Hub> {
  const { community, state, env, log } = options;
  for (const name of strayVariables(env)) {
    log.say(
      'warn',
      `${name} reaches no service: write GUILDHALL_INGRESS_..., GUILDHALL_RELAY_..., GUILDHALL_POLICY_... or GUILDHALL_CONSOLE_...`,
    );
  }
  const authority = authorityFolder(state, options.authority);
  const nats = await startHubNats(state, env, log);
  const parts: Part[] = [];
  const beside = createSameProcess();
  let forget = (): void => {};

  async function stop(): Promise<void> {
    for (const service of stopOrder) await parts.find((part) => part.service === service)?.stop();
    await nats.stop();
    forget();
  }

  try {
    // In this process the services write for themselves, and stdout belongs to the data.
    const logSection = options.single
      ? { pretty: !options.json, stream: 'stderr', ...(options.quiet ? { level: 'error' } : {}) }
      : { pretty: false };
    const own = { operatorTokenFile: operatorTokenFile(state), authority };
    const configs = serviceConfigs(community, nats.access, ports, own, logSection);
    const begin = async (service: BusService) => {
      const configFile = join(state.run, `${service}.yaml`);
      writePrivate(configFile, `${JSON.stringify(configs[service], null, 2)}\n`);
      parts.push(
        await startPart(service, configFile, beside, options).catch((thrown: unknown) => Promise.reject(asGiven(service, thrown, env))),
      );
    };
    // The others ask policy when they start; among themselves they find each other. All are let come to an end before the first failure counts.
    await begin('policy');
    const rest = await Promise.allSettled([begin('relay'), begin('ingress')]);
    const failed = rest.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    // It only looks at what the others do.
    await begin('console');
  } catch (thrown) {
    for (const part of parts) part.kill();
    await stop();
    throw thrown;
  }

  const addressOf = (service: BusService, name: string) => parts.find((part) => part.service === service)?.addresses[name] ?? '';
  const hub: Hub = {
    listeners: community.community.hub.listeners.map(({ name }) => ({ name, address: addressOf('ingress', `listener:${name}`) })),
    admin: {
      ingress: addressOf('ingress', 'admin'),
      policy: addressOf('policy', 'admin'),
      relay: addressOf('relay', 'admin'),
      console: addressOf('console', 'admin'),
    },
    grpc: addressOf('policy', 'grpc'),
    enrolment: addressOf('policy', 'enrolment'),
    metrics: addressOf('console', 'grpc'),
    dashboards: addressOf('console', 'http'),
    nats: nats.access.url,
    pids() {
      const found: [string, number | undefined][] = [
        ['guildhall', process.pid],
        ['nats', nats.pid()],
        ...busServices.map((service): [string, number | undefined] => [service, parts.find((part) => part.service === service)?.pid()]),
      ];
      return Object.fromEntries(found.filter((entry): entry is [string, number] => entry[1] !== undefined));
    },
    stop,
    kill() {
      for (const part of parts) part.kill();
    },
  };
  await untilReady({ admin: hub.admin, patience: readyWithin, say: log.say });
  forget = noteRunning(state, {
    listeners: hub.listeners,
    grpc: hub.grpc,
    api: noteApiDoor(community, state, authority, new Date()),
    enrolment: hub.enrolment,
    metrics: hub.metrics,
    dashboards: hub.dashboards,
    community: community.path,
    domain: community.community.hub.domain,
  });
  return hub;
}
