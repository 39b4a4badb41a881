import type { ListenerConfig } from './config.js';
import type { IsHere } from './dialog-route.js';
import type { Interface } from './record-route.js';

/** What the hub is called on the wire. */
export interface HubNames {
  readonly isHere: IsHere;
  readonly viaHosts: ReadonlySet<string>;
  /** Listeners by name as members see them, in the order of the configuration. */
  readonly interfaces: ReadonlyMap<string, Interface>;
}

/** RFC 3261 19.1.2: what a URI over TLS means where it names no port. */
const defaultPort = 5061;

/** A listener of the configuration and the port it really got. */
export interface BoundListener {
  readonly config: ListenerConfig;
  readonly port: number;
}

/**
 * Collects the hub's names: its domain with any port (other instances listen elsewhere), and each listener's own and advertised address with its
 * port only, since other servers may well live on the same host.
 */
export function hubNames(domain: string, listeners: readonly BoundListener[]): HubNames {
  const places = new Set<string>();
  const viaHosts = new Set([domain]);
  const interfaces = new Map<string, Interface>();
  const add = (host: string, port: number): void => {
    viaHosts.add(host);
    places.add(`${host}:${port}`);
  };
  for (const { config, port } of listeners) {
    const seenPort = config.advertise?.port ?? port;
    if (!isEveryAddress(config.host)) add(written(config.host), port);
    const seenHost = config.advertise?.host === undefined ? domain : written(config.advertise.host);
    if (seenHost !== domain) add(seenHost, seenPort);
    interfaces.set(config.name, { host: seenHost, port: seenPort });
  }
  return {
    viaHosts,
    interfaces,
    isHere: (host, port) => host === domain || places.has(`${host}:${port === 0 ? defaultPort : port}`),
  };
}

/** Whether a listener's host means every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return /^[0:.]+$/.test(host);
}

/** A host as it stands in a URI. */
function written(host: string): string {
  return host.includes(':') ? `[${host.toLowerCase()}]` : host.toLowerCase();
}
