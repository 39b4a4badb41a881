import {
  adminConfig,
  byteSize,
  certificateConfig,
  count,
  drainConfig,
  duration,
  host,
  hubConfig,
  instanceId,
  logConfig,
  natsConfig,
  section,
} from '@guildhall/chassis/config';
import { dnsSettings } from '@guildhall/chassis/dns-config';
import { telemetryConfig } from '@guildhall/chassis/telemetry-config';
import { z } from 'zod';

/** Everything a relay can be told: a YAML file or GUILDHALL_ variables. Times are ms inside, sizes bytes. */
export const configSchema = z.strictObject({
  id: instanceId('relay-1'),
  nats: natsConfig,
  hub: hubConfig,
  /** The sent-by of our Via: where members reach the hub, that is an ingress listener's advertised host and port. */
  via: section({
    host: host('127.0.0.1').describe('default 127.0.0.1'),
    port: z.int().min(1).max(65_535).default(5061).describe('a TCP port; default 5061'),
  }),
  /** Shown to members' proxies: the hub's own, with clientAuth. */
  certificate: certificateConfig,
  /** How often its files are looked at for changes, and the revocation lists read again, should a change have gone by unheard. */
  reload: duration('1s', '20ms', '1h'),
  refresh: duration('60s', '1s', '1h'),
  admin: adminConfig,
  timeouts: section({
    /** A dial with its handshake. */
    connect: duration('5s', '50ms', '1m'),
    /** The immediate redial of a lost connection, while transactions wait to go elsewhere. */
    reconnect: duration('1s', '50ms', '1m'),
    /** Silence on a link after which OPTIONS asks for a sign of life, and after which it counts as dead. Links are looked at every 250 ms. */
    probe: duration('5s', '500ms', '10m'),
    dead: duration('9s', '1s', '20m'),
    /** How long one proxy of several may say nothing before the next is asked. */
    attempt: duration('8s', '100ms', '5m'),
    /** The first wait before a failed proxy is dialled again, and the longest; it doubles in between. */
    backoffFirst: duration('200ms', '10ms', '1m'),
    backoffMost: duration('5s', '10ms', '10m'),
    /** A question to policy for a member's door, and how long its answer is taken as fresh. */
    door: duration('2s', '50ms', '30s'),
    doorFresh: duration('1m', '1s', '1h'),
    /** For so long an ingress can have again what it was told, should it have been lost with a connection to NATS. */
    told: duration('4s', '100ms', '1m'),
    /** Another relay has owned a member for so long: its links are closed here once nothing is in flight. */
    handover: duration('3s', '100ms', '10m'),
    /** A member without traffic for so long is no longer redialled. */
    idle: duration('10m', '1s', '24h'),
  }),
  limits: section({
    /** Client transactions of all members. */
    transactions: count(100_000, 1, 10_000_000),
    /** Of them, those to one member: one that is silent leaves room for the others. */
    transactionsPerMember: count(20_000, 1, 10_000_000),
    /** Members that doors and links are kept for. */
    members: count(10_000, 1, 1_000_000),
    /** What may wait for one member while its door is asked for and its links come up. */
    queue: count(2_000, 1, 1_000_000),
    queueBytes: byteSize('4MiB', '64KiB', '1GiB'),
    /** What may be unsent on one link; a member that reads more slowly is refused more. */
    linkBytes: byteSize('4MiB', '64KiB', '1GiB'),
    /** Messages a second that one link may bring and nobody asked for: requests, pings, answers to nothing; more is not read and waits in TCP. */
    linkUnasked: count(10_000, 1, 1_000_000),
    /**
     * Requests that members send on links the relay dialled and that wait for an answer, and their bytes; more are refused. A member may have as much of
     * it as is free besides: one alone half.
     */
    reuse: count(40_000, 1, 1_000_000),
    reuseBytes: byteSize('64MiB', '64KiB', '4GiB'),
    /** Connections to one proxy. More than one gives up the order of messages to it. */
    linksPerProxy: count(1, 1, 4),
    /** Outcomes kept for each incarnation of an ingress: those of the last seconds, and those that it cannot be told while NATS or it is away. */
    outcomeBytes: byteSize('32MiB', '64KiB', '4GiB'),
    message: byteSize('64KiB', '1KiB', '1MiB'),
  }),
  /** How members are found that have no fixed address (RFC 3263). */
  dns: section({
    ...dnsSettings,
    /** Whether the names of discovered partners may lead to addresses that are not public, such as one's own network. */
    strangersAnywhere: z.boolean().default(false),
  }),
  telemetry: telemetryConfig,
  drain: drainConfig,
  log: logConfig,
});

/** As read and completed: times in ms, sizes in bytes. */
export type RelayConfig = z.output<typeof configSchema>;
