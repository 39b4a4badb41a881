import { ownerOf } from '@guildhall/chassis/rendezvous';
import type { BusService } from '@guildhall/cli/hub/nats-conf';
import { type Authority, type Identity as Issued, openSafe, type Safe } from '../stage/certificates.js';
import type { CommunityPart } from '../stage/community.js';
import { type BusAccess, type HubServices, type HubSettings, type Instance, startServices } from '../stage/hub.js';
import { hubCertificate, memberCertificate } from '../stage/identities.js';
import { type NatsCluster, startNatsCluster } from '../stage/nats-cluster.js';
import { distinctPorts } from '../stage/port.js';
import { type Party, startParty } from './party.js';

/** The hub's own domain, and the name in its certificate. */
export const hubDomain = 'hub.example';

/** What a topology is asked to be; the default is what every row needs. */
export interface TopologyPart {
  /** Members; default six: two senders, two receivers, a pair that nothing concerns. At least six. */
  readonly members?: number;
  /** nats-servers: 3 in a cluster, or 1. Default 3. */
  readonly servers?: 1 | 3;
  /** Default two of each. */
  readonly services?: { readonly ingresses: number; readonly relays: number; readonly policies: number; readonly consoles?: number };
  readonly settings?: HubSettings;
  /** Connections of each sender to each ingress; default 2. */
  readonly each?: number;
  /** Changes what the community's file says of members, rules and agreements. */
  readonly community?: (part: CommunityPart) => CommunityPart;
  /**
   * Where a service instance reaches the nats-servers instead of directly: gets their "host:port" and gives others, in the same order, such as
   * of TCP proxies (path.ts). Servers do not tell clients of each other, so nobody finds the way around.
   */
  readonly busPath?: (service: BusService, number: number, servers: readonly string[]) => Promise<readonly string[]>;
  /** Where the hub reaches a member's proxy instead of directly: gets its port of 127.0.0.1 and gives another, or another host too. */
  readonly memberPath?: (id: string, port: number) => Promise<number | { readonly host: string; readonly port: number }>;
  /** What the service processes have in their environment besides PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The folder in which the nats-server of this number keeps its JetStream; default one of ours. */
  readonly store?: (number: number) => string;
  /** Log level of the services; default info: `hub.relays[0].log()` has their last lines. */
  readonly log?: 'silent' | 'info' | 'debug';
}

/** A hub of processes on a bus of processes, and members that are processes. */
export interface Topology {
  /** Services can be killed, revived, and asked for counters. Policies listen with their API (test/stage/admin.ts). */
  readonly hub: HubServices;
  readonly nats: NatsCluster;
  readonly safe: Safe;
  readonly authority: Authority;
  readonly parties: ReadonlyMap<string, Party>;
  /** Ids: those who send, and to whom each sends. */
  readonly senders: readonly string[];
  readonly receivers: readonly string[];
  readonly bystanders: readonly [from: string, to: string];
  /** Ports of 127.0.0.1 that the ingresses listen on, in their order. */
  readonly ports: readonly number[];
  /** Connections of each sender to each ingress. */
  readonly each: number;
  /** What the community's file says; `hub.rewrite` puts another in force. */
  readonly community: CommunityPart;
  /** By member id. Throws when nobody has it. */
  party(id: string): Party;
  identity(id: string): Issued;
  /** Name and pid of every hub process that runs, nats-servers included. */
  processes(): readonly (readonly [string, number])[];
  close(): Promise<void>;
}

const castMembers = ['acme', 'bolt', 'crow', 'dune', 'elm', 'fern'] as const;
/** So many servers of a cluster keep each of policy's buckets. */
const clusterReplicas = 3;

/** Starts members, NATS and hub, and resolves when every service is ready. Nobody is connected yet. */
export async function openTopology(part: TopologyPart = {}): Promise<Topology> {
  const { servers = 3, services = { ingresses: 2, relays: 2, policies: 2 }, each = 2 } = part;
  const safe = openSafe();
  const curtain: (() => Promise<void>)[] = [async () => safe.close()];
  const close = async () => {
    for (const end of curtain.splice(0).reverse()) await end();
  };
  try {
    const authority = await safe.authority('community');
    const ids = memberIds(part.members ?? castMembers.length);
    const starting = startNatsCluster({ count: servers, ...(part.store === undefined ? {} : { store: part.store }) });
    curtain.push(() =>
      starting.then(
        (cluster) => cluster.close(),
        () => undefined,
      ),
    );
    const played = await Promise.all(
      ids.map(async (id) => {
        const domain = `${id}.example`;
        const identity = await memberCertificate(authority, domain);
        const party = await startParty(id, { domain, cert: identity.cert, key: identity.key, ca: authority.cert });
        curtain.push(() => party.close());
        const path = (await part.memberPath?.(id, party.port)) ?? party.port;
        const { host, port } = typeof path === 'number' ? { host: '127.0.0.1', port: path } : path;
        return { id, identity, party, entry: { id, domains: [domain], proxies: [{ host, port, name: `sip.${domain}` }] } };
      }),
    );
    const identities = new Map(played.map(({ id, identity }) => [id, identity]));
    const parties = new Map(played.map(({ id, party }) => [id, party]));
    const members: CommunityPart['members'] = played.map(({ entry }) => entry);
    const nats = await starting;
    const community = part.community?.({ members }) ?? { members };
    const ports = await distinctPorts(services.ingresses);
    const access = await busAccess(nats, services, part.busPath);
    const hub = await startServices(
      {
        community,
        domain: hubDomain,
        identity: await hubCertificate(authority, hubDomain),
        authority,
        ports,
        topology: services,
        settings: part.settings ?? {},
        apart: true,
        log: part.log ?? 'info',
        ...(part.environment === undefined ? {} : { environment: part.environment }),
      },
      (service, number) => access.get(`${service}-${number}`) ?? { url: '', user: '', password: '' },
    );
    curtain.push(() => hub.close());
    const instances = [...hub.ingresses, ...hub.relays, ...hub.policies];
    const [acme, bolt, crow, dune, elm, fern, ...more] = ids;
    return {
      hub,
      nats,
      safe,
      authority,
      parties,
      senders: [acme, bolt].filter((id) => id !== undefined),
      receivers: [crow, dune, ...more].filter((id) => id !== undefined),
      bystanders: [elm ?? '', fern ?? ''],
      community,
      ports,
      each,
      party: (id) => known(parties, id),
      identity: (id) => known(identities, id),
      processes: () => [
        ...instances.map((one) => [one.id, one.pid()] as const),
        ...nats.servers.map((one) => [`nats-${one.number}`, one.pid()] as const),
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function memberIds(count: number): readonly string[] {
  if (count < castMembers.length) throw new Error(`a topology needs ${castMembers.length} members at least, not ${count}`);
  return Array.from({ length: count }, (_, at) => castMembers[at] ?? `more${at + 1}`);
}

/** Where each instance finds NATS: all servers, each instance another one first. */
async function busAccess(
  nats: NatsCluster,
  { ingresses, relays, policies, consoles = 0 }: NonNullable<TopologyPart['services']>,
  busPath: TopologyPart['busPath'],
): Promise<ReadonlyMap<string, BusAccess>> {
  const access = new Map<string, BusAccess>();
  const hosts = nats.servers.map(({ port }) => `127.0.0.1:${port}`);
  const kinds = [
    ['ingress', ingresses],
    ['relay', relays],
    ['policy', policies],
    ['console', consoles],
  ] as const satisfies readonly (readonly [BusService, number])[];
  for (const [service, count] of kinds) {
    for (let number = 1; number <= count; number += 1) {
      const reached = (await busPath?.(service, number, hosts)) ?? hosts;
      const first = access.size % reached.length;
      const url = [...reached.slice(first), ...reached.slice(0, first)].map((host) => `nats://${host}`).join(',');
      const replicas = service === 'policy' && nats.servers.length > 1 ? ({ replicas: clusterReplicas } as const) : {};
      access.set(`${service}-${number}`, { url, user: service, password: nats.passwords[service], ...replicas });
    }
  }
  return access;
}

function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id);
  if (found === undefined) throw new Error(`no member has the id ${id}`);
  return found;
}

/** The relay that owns a member's links while all relays are there. */
export function ownerRelay(hub: HubServices, member: string): Instance {
  const owner = ownerOf(
    member,
    hub.relays.map((relay) => relay.id),
  );
  const relay = hub.relays.find((one) => one.id === owner);
  if (relay === undefined) throw new Error(`no relay owns ${member}`);
  return relay;
}
