import type { CommunityFile } from '@guildhall/proto/community/schema';
import type { LoadedCommunity } from '../community/community-file.js';
import { type BusService, busServices } from './nats-conf.js';

/** How the services of a hub reach NATS. */
export interface NatsAccess {
  readonly url: string;
  readonly users: Readonly<Record<BusService, { readonly user?: string; readonly password?: string }>>;
}

/** Where something listens. */
export interface BoundAt {
  readonly host: string;
  readonly port: number;
}

/** The ports of one hub, all decided before anything starts, so that a restarted part is found where it was. */
export interface HubPorts {
  /** By listener, in the order of the community file. */
  readonly listeners: readonly number[];
  readonly admin: Readonly<Record<BusService, number>>;
  readonly grpc: BoundAt;
  readonly enrolment: BoundAt;
  /** Of console: gRPC, and HTTPS for browsers. */
  readonly metrics: BoundAt;
  readonly dashboards: BoundAt;
}

/** What policy keeps in the state folder. Paths. */
export interface PolicyState {
  readonly operatorTokenFile: string;
  /** Of the hub's own certificate authority; undefined: it has none, and so no door to enrol at. */
  readonly authority: string | undefined;
}

/** The order in which services end: ingress finishes what it has with the help of the others, and console still counts the last of it. */
export const stopOrder: readonly BusService[] = ['ingress', 'console', 'relay', 'policy'];

type Listener = CommunityFile['hub']['listeners'][number];

const loopback = '127.0.0.1';

/** A drain ends within 32 s in all: ingress has the most to finish, the others only wait for it. */
const drains: Readonly<Record<BusService, string>> = { ingress: '27s', console: '1s', relay: '3s', policy: '1s' };

/** What members see of a listener: where a request's answer and in-dialog requests come to. */
function reachedAt(listener: Listener | undefined, port: number): number {
  return listener?.advertise?.port ?? port;
}

/** The configuration of each service of a hub as plain data, as its schema reads it (JSON is YAML). `log` is the services' log section. */
export function serviceConfigs(
  { community, resolve, path }: LoadedCommunity,
  nats: NatsAccess,
  ports: HubPorts,
  own: PolicyState,
  log: Readonly<Record<string, unknown>>,
): Record<BusService, Record<string, unknown>> {
  const { hub } = community;
  const shared = (service: BusService) => ({
    id: `${service}-1`,
    nats: { url: nats.url, ...nats.users[service] },
    admin: { host: loopback, port: ports.admin[service] },
    drain: drains[service],
    log,
  });
  const certificate = { cert: resolve(hub.certificate.cert), key: resolve(hub.certificate.key) };
  return {
    policy: {
      ...shared('policy'),
      community: path,
      grpc: { ...ports.grpc, certificate, operatorTokenFile: own.operatorTokenFile },
      ...(own.authority === undefined ? {} : { authority: { folder: own.authority }, enrolment: { ...ports.enrolment, certificate } }),
    },
    relay: {
      ...shared('relay'),
      hub: { domain: hub.domain },
      via: { host: hub.domain, port: reachedAt(hub.listeners[0], ports.listeners[0] ?? 5061) },
      certificate,
    },
    ingress: {
      ...shared('ingress'),
      hub: { domain: hub.domain },
      listeners: hub.listeners.map((listener, at) => ({ ...listener, port: ports.listeners[at] ?? listener.port })),
      certificate,
    },
    console: {
      ...shared('console'),
      grpc: { ...ports.metrics, certificate },
      http: { ...ports.dashboards, certificate },
    },
  };
}

/** Settings that all services have and that reach all of them where none names one. */
const ofAll = /^GUILDHALL_(LOG_LEVEL|TELEMETRY_\w+)$/;

/** Variables that the command line itself reads. */
const ours = /^GUILDHALL_(TOKEN|NATS_URL|NATS_SERVER|NO_FETCH|KAMAILIO|KAMAILIO_MODULES|SIPP)$/;

/**
 * The environment of one service of `up`: GUILDHALL_INGRESS_LIMITS_IN_FLIGHT reaches ingress as GUILDHALL_LIMITS_IN_FLIGHT,
 * GUILDHALL_LOG_LEVEL and GUILDHALL_TELEMETRY_... reach all, other GUILDHALL_ variables nobody (a service refuses names it does not know).
 */
export function serviceEnvironment(service: BusService, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const own = `GUILDHALL_${service.toUpperCase()}_`;
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (!name.startsWith('GUILDHALL_')) result[name] = value;
    else if (name.startsWith(own)) result[`GUILDHALL_${name.slice(own.length)}`] = value;
    else if (ofAll.test(name)) result[name] ??= value;
  }
  return result;
}

/** What a service says about its environment, with the variables named as they were given to `up`. */
export function namedAsGiven(service: BusService, text: string, env: Readonly<Record<string, string | undefined>>): string {
  const own = `GUILDHALL_${service.toUpperCase()}_`;
  return text.replace(/\bGUILDHALL_(\w+)/g, (name: string, setting: string) =>
    ofAll.test(name) && env[`${own}${setting}`] === undefined ? name : `${own}${setting}`,
  );
}

/** GUILDHALL_ variables that reach no part of the hub: a slip that would otherwise go by in silence. */
export function strayVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = (name: string) =>
    ours.test(name) || ofAll.test(name) || busServices.some((service) => name.startsWith(`GUILDHALL_${service.toUpperCase()}_`));
  return Object.keys(env).filter((name) => name.startsWith('GUILDHALL_') && !known(name));
}
