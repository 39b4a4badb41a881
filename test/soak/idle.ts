import { connect, type TLSSocket } from 'node:tls';
import type { Authority } from '../stage/certificates.js';
import { openSafe } from '../stage/certificates.js';
import type { CommunityPart } from '../stage/community.js';
import { type Hub, startHub } from '../stage/hub.js';
import { hubCertificate, memberCertificate } from '../stage/identities.js';
import { type Resident, restingOf } from './hub-processes.js';

/** How much of what. */
export interface IdlePart {
  readonly connections: number;
  readonly members: number;
  /** Seconds over which the least memory is looked for. */
  readonly rest: number;
  say(line: string): void;
}

/** What it costs. */
export interface IdleFindings {
  /** Connections opened, and those that were still open at the end. */
  readonly opened: number;
  readonly kept: number;
  /** Seconds until all were open. */
  readonly seconds: number;
  /** KiB of resident memory a connection costs ingress. */
  readonly connectionKiB: number;
  /** KiB a connection that was closed, all opened and closed twice, left behind the second time: Node keeps what it needed once. */
  readonly leftKiB: number;
  /** KiB a member costs each process. */
  readonly memberKiB: Readonly<Record<string, number>>;
  /** MiB of each process: with hardly any members, with all of them, with all connections. */
  readonly small: Readonly<Record<string, number>>;
  readonly large: Readonly<Record<string, number>>;
  readonly connected: Readonly<Record<string, number>>;
}

const domain = 'hub.example';
/** As many at a time are being opened: fewer than the hub would let wait. */
const lanes = 50;
/** Members that connect; below what one of them may have. */
const perMember = 1_000;
/** Everything else in the hub is warm after so many. */
const warmUp = 200;

/** Measures a hub of one process a service. Rejects when a connection is refused. */
export async function soakIdle({ connections, members, rest, say }: IdlePart): Promise<IdleFindings> {
  const safe = openSafe();
  try {
    const authority = await safe.authority('soak');
    const talkers = Math.max(1, Math.ceil(connections / perMember));
    const small = await hubOf(authority, talkers, (hub) => restingOf(hub, rest));
    say(`a hub of ${talkers} members rests`);
    return await hubOf(authority, Math.max(members, talkers), async (hub) => {
      const large = await restingOf(hub, rest);
      say(`a hub of ${members} members rests`);
      const before = await warm(hub, authority, Math.min(warmUp, connections), rest);
      const began = performance.now();
      const sockets = await openAll(hub, authority, connections);
      const seconds = (performance.now() - began) / 1_000;
      say(`${sockets.length} connections are open after ${seconds.toFixed(1)} s`);
      const connected = await restingOf(hub, rest);
      const kept = sockets.filter((socket) => !socket.destroyed).length;
      await closeAll(sockets);
      const once = await restingOf(hub, rest);
      await closeAll(await openAll(hub, authority, connections));
      const twice = await restingOf(hub, rest);
      const ingress = (resident: Resident): number => resident.get('ingress-1') ?? 0;
      const perMemberKiB = [...large].map(([name, mib]) => {
        const more = Math.max(1, members - talkers);
        return [name, ((mib - (small.get(name) ?? 0)) * 1_024) / more] as const;
      });
      return {
        opened: sockets.length,
        kept,
        seconds,
        connectionKiB: ((ingress(connected) - ingress(before)) * 1_024) / connections,
        leftKiB: ((ingress(twice) - ingress(once)) * 1_024) / connections,
        memberKiB: Object.fromEntries(perMemberKiB),
        small: Object.fromEntries(small),
        large: Object.fromEntries(large),
        connected: Object.fromEntries(connected),
      };
    });
  } finally {
    safe.close();
  }
}

async function hubOf<T>(authority: Authority, members: number, measure: (hub: Hub) => Promise<T>): Promise<T> {
  const limits = { handshakesPerSecond: 1_000, handshakesPerSecondPerAddress: 1_000 };
  const hub = await startHub({
    community: communityOf(members),
    domain,
    identity: await hubCertificate(authority, domain),
    authority,
    apart: true,
    settings: { ingress: { limits } },
  });
  try {
    return await measure(hub);
  } finally {
    await hub.close();
  }
}

/** Members m0, m1 and so on, each with a domain and a proxy. */
function communityOf(members: number): CommunityPart {
  return {
    members: Array.from({ length: members }, (_, at) => ({
      id: `m${at}`,
      domains: [`m${at}.example`],
      proxies: [{ host: '127.0.0.1', port: 9, name: `sip.m${at}.example` }],
    })),
  };
}

/** Opens and closes some connections, so that what follows finds everything made that is made once. */
async function warm(hub: Hub, authority: Authority, connections: number, rest: number): Promise<Resident> {
  await closeAll(await openAll(hub, authority, connections));
  return restingOf(hub, rest);
}

/** Opens so many, evenly over the members that connect. */
async function openAll(hub: Hub, authority: Authority, connections: number): Promise<TLSSocket[]> {
  const identities = await Promise.all(
    Array.from({ length: Math.ceil(connections / perMember) }, (_, at) => memberCertificate(authority, `m${at}.example`)),
  );
  const sockets: TLSSocket[] = [];
  let left = connections;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const identity = identities[left % identities.length];
      if (identity !== undefined) sockets.push(await open(hub.ingresses[0]?.port ?? 0, { ...identity, ca: authority.cert }));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return sockets;
}

function open(port: number, { cert, key, ca }: { cert: string; key: string; ca: string }): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: domain, cert, key, ca });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the hub closed a connection')));
    // With TLS 1.3 only the answer to a keepalive (RFC 5626 4.4.1) tells that the hub is done, too.
    socket.once('data', () => resolve(socket));
    socket.once('secureConnect', () => socket.write('\r\n\r\n'));
  });
}

async function closeAll(sockets: readonly TLSSocket[]): Promise<void> {
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          if (socket.destroyed) return resolve();
          socket.once('close', () => resolve());
          socket.destroy();
        }),
    ),
  );
}
