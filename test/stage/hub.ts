import { readFileSync, writeFileSync } from 'node:fs';
import type { Running } from '@guildhall/chassis/running';
import { createSameProcess } from '@guildhall/chassis/same-process';
import type { BusService } from '@guildhall/cli/hub/nats-conf';
import { configSchema as consoleSchema } from '@guildhall/console/config';
import { start as startConsole } from '@guildhall/console/start';
import { configSchema as ingressSchema } from '@guildhall/ingress/config';
import { start as startIngress } from '@guildhall/ingress/start';
import { configSchema as policySchema } from '@guildhall/policy/config';
import { start as startPolicy } from '@guildhall/policy/start';
import { configSchema as relaySchema } from '@guildhall/relay/config';
import { start as startRelay } from '@guildhall/relay/start';
import type { z } from 'zod';
import { startApart } from './apart.js';
import type { Authority, Identity } from './certificates.js';
import { type CommunityPart, communityText, listenerName } from './community.js';
import { openFolder } from './folder.js';
import { readCounter } from './metric-sum.js';
import { type NatsServer, startNats } from './nats.js';
import { freePort } from './port.js';

/** How many of each service, all on one NATS. */
export interface Topology {
  readonly ingresses: number;
  readonly relays: number;
  readonly policies: number;
  /** Default none: they only look at what the others do. */
  readonly consoles?: number;
  /** Ingresses and relays speak to each other without NATS where one alone hears, as in `up --single`; not with `apart`. */
  readonly together?: boolean;
}

/** What the stage settles by itself. */
type OfTheStage = 'id' | 'nats' | 'admin' | 'log' | 'hub' | 'grpc' | 'http' | 'listeners' | 'certificate' | 'via' | 'community';

/** Settings that a story tightens, as one writes them in a configuration file. */
export interface HubSettings {
  readonly policy?: Partial<Omit<z.input<typeof policySchema>, OfTheStage>>;
  readonly ingress?: Partial<Omit<z.input<typeof ingressSchema>, OfTheStage>>;
  readonly relay?: Partial<Omit<z.input<typeof relaySchema>, OfTheStage>>;
  readonly console?: Partial<Omit<z.input<typeof consoleSchema>, OfTheStage>>;
}

export interface HubPart {
  readonly community: CommunityPart;
  readonly domain: string;
  readonly identity: Identity;
  readonly authority: Authority;
  /** Where its one ingress listens, on 127.0.0.1; default anywhere. */
  readonly port?: number;
  /** The same of several, so that each comes back where it was. */
  readonly ports?: readonly number[];
  readonly topology?: Topology;
  /** Names of further listeners of each ingress, which say that they are `<name>.<domain>`. */
  readonly interfaces?: readonly string[];
  readonly settings?: HubSettings;
  /** Every service in a process of its own, so that one can be killed; default all in this one. */
  readonly apart?: boolean;
  /** What each of these processes has in its environment besides PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Log level; default silent. */
  readonly log?: 'silent' | 'info' | 'debug';
}

/** One service of a hub. */
export interface Instance {
  readonly id: string;
  /** "host:port" by name, as really bound; as it is now after `revive`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Of its process, that of its last life where it has ended. */
  pid(): number;
  /** Drains and ends it. */
  stop(): Promise<void>;
  /** Ends it without a word. Rejects for a service that runs in this process. */
  kill(): Promise<void>;
  /** Starts it again with the same configuration, once it has ended. Rejects for a service that runs in this process. */
  revive(): Promise<void>;
  /** Lines of its log of late, a JSON object each; none of a service that runs in this process. */
  log(): readonly unknown[];
}

export interface IngressInstance extends Instance {
  /** Where members dial. */
  readonly port: number;
}

/** Where a service finds NATS, as its configuration says. */
export interface BusAccess {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Policy's: servers that keep each of its buckets. */
  readonly replicas?: 1 | 3 | 5;
}

/** A hub without its NATS. */
export interface HubServices {
  readonly domain: string;
  /** Behind the hub's own certificate. */
  readonly authority: Authority;
  /** What lets an operator into its API. */
  operatorToken(): string;
  readonly ingresses: readonly IngressInstance[];
  readonly relays: readonly Instance[];
  readonly policies: readonly Instance[];
  readonly consoles: readonly Instance[];
  /** Writes the community's file anew; policy finds that by itself. */
  rewrite(community: CommunityPart): void;
  /** Sum of a counter over the instances of a service, by name and labels (a part of them is enough). 0 where nobody has it. */
  counted(service: BusService, metric: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  close(): Promise<void>;
}

/** A whole hub. */
export interface Hub extends HubServices {
  readonly nats: NatsServer;
}

/** Starts a hub of real services against a NATS of its own, and resolves when every one of them says it is ready. */
export async function startHub(part: HubPart): Promise<Hub> {
  const nats = await startNats();
  try {
    const services = await startServices(part, () => nats);
    const close = async () => {
      await services.close();
      await nats.close();
    };
    return { ...services, nats, close };
  } catch (error) {
    await nats.close();
    throw error;
  }
}

/** Starts the services of a hub, each on the NATS that `access` names for it (instances count from 1). */
export async function startServices(part: HubPart, access: (service: BusService, number: number) => BusAccess): Promise<HubServices> {
  const { domain, topology = { ingresses: 1, relays: 1, policies: 1 }, settings = {}, apart = false } = part;
  const beside = topology.together === true ? createSameProcess() : undefined;
  const { interfaces = [] } = part;
  const folder = openFolder('hub');
  const community = folder.file('community.yaml');
  const certificate = { cert: part.identity.certFile, key: part.identity.keyFile };
  const rewrite = (text: CommunityPart) =>
    writeFileSync(community, communityText(text, { domain, ...certificate, ca: part.authority.certFile, interfaces }));
  rewrite(part.community);

  const nats = (service: BusService, number: number) => {
    const { url, user, password, replicas } = access(service, number);
    return { url, user, password, ...(replicas === undefined ? {} : { replicas }) };
  };
  const shared = {
    admin: { host: '127.0.0.1', port: 0 },
    log: { level: part.log ?? ('silent' as const), pretty: false },
  };
  const operatorTokenFile = folder.file('operator.token');
  const grpc = { host: '127.0.0.1', port: 0, certificate, operatorTokenFile };
  // All ingresses are reached by one advertised address, as behind a balancer.
  const advertised = part.port ?? (await freePort());
  const instances: Instance[] = [];
  const keep = async <I extends Instance>(instance: Promise<I>): Promise<I> => {
    const started = await instance;
    instances.push(started);
    return started;
  };
  const close = async () => {
    for (const instance of instances.toReversed()) await instance.stop();
    folder.close();
  };

  try {
    // COMPAT nats-server 2.9: two that make the same stream of a cluster at once may leave it without a leader for seconds.
    const oneByOne = access('policy', 1).replicas !== undefined;
    const policies = await (oneByOne ? inTurn : several)(topology.policies, (number) => {
      const config = { ...shared, nats: nats('policy', number), id: `policy-${number}`, grpc, community, drain: 0, ...settings.policy };
      return keep(
        apart ? startApart('policy', config, folder, part.environment) : here((signal) => startPolicy(policySchema.parse(config), signal)),
      );
    });
    const relays = await several(topology.relays, (number) => {
      const via = { host: domain, port: advertised };
      const config = {
        ...shared,
        nats: nats('relay', number),
        hub: { domain },
        id: `relay-${number}`,
        via,
        certificate,
        drain: 0,
        ...settings.relay,
      };
      return keep(
        apart
          ? startApart('relay', config, folder, part.environment)
          : here((signal) => startRelay(relaySchema.parse(config), signal, beside)),
      );
    });
    const ingresses = await several(topology.ingresses, async (number) => {
      const port = part.ports?.[number - 1] ?? part.port ?? 0;
      const listeners = [
        { name: listenerName, host: '127.0.0.1', port, advertise: { host: domain, port: advertised } },
        ...interfaces.map((name) => ({ name, host: '127.0.0.1', port: 0, advertise: { host: `${name}.${domain}`, port: advertised } })),
      ];
      const config = {
        ...shared,
        nats: nats('ingress', number),
        hub: { domain },
        id: `ingress-${number}`,
        listeners,
        certificate,
        drain: 0,
        ...settings.ingress,
      };
      const started = await keep(
        apart
          ? startApart('ingress', config, folder, part.environment)
          : here((signal) => startIngress(ingressSchema.parse(config), signal, beside)),
      );
      return { ...started, port: Number(started.addresses[`listener:${listenerName}`]?.split(':').at(-1)) };
    });
    const consoles = await several(topology.consoles ?? 0, (number) => {
      const door = { host: '127.0.0.1', port: 0, certificate };
      const own = { ...shared, nats: nats('console', number), id: `console-${number}`, grpc: door, http: door, drain: 0 };
      const config = { ...own, ...settings.console };
      return keep(
        apart
          ? startApart('console', config, folder, part.environment)
          : here((signal) => startConsole(consoleSchema.parse(config), signal)),
      );
    });
    await Promise.all(instances.map(ready));
    const byService = { ingress: ingresses, relay: relays, policy: policies, console: consoles };
    const counted: Hub['counted'] = async (service, metric, labels) => {
      const values = await Promise.all(byService[service].map((one) => readCounter(one, metric, labels ?? {})));
      return values.reduce((sum, value) => sum + value, 0);
    };
    const operatorToken = () => readFileSync(operatorTokenFile, 'latin1').trim();
    return { domain, authority: part.authority, operatorToken, ingresses, relays, policies, consoles, rewrite, counted, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Instances 1 to `count`, started side by side. */
function several<T>(count: number, start: (number: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => start(index + 1)));
}

/** The same, each when the one before is there. */
async function inTurn<T>(count: number, start: (number: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let number = 1; number <= count; number += 1) made.push(await start(number));
  return made;
}

async function here(start: (signal: AbortSignal) => Promise<Running>): Promise<Instance> {
  const ending = new AbortController();
  const { id, addresses, closed } = await start(ending.signal);
  const notApart = () => Promise.reject(new Error(`${id} runs in this process`));
  return {
    id,
    addresses,
    pid: () => process.pid,
    stop() {
      ending.abort();
      return closed;
    },
    kill: notApart,
    revive: notApart,
    log: () => [],
  };
}

/** Resolves when /readyz says so; rejects with its reasons after 30 s. */
export async function ready(one: Pick<Instance, 'id' | 'addresses'>): Promise<void> {
  const patience = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://${one.addresses['admin']}/readyz`);
    const reasons = await answer.text();
    if (answer.ok) return;
    if (Date.now() > patience) throw new Error(`${one.id} does not get ready: ${reasons}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
