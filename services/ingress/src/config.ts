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
  port,
  section,
} from '@guildhall/chassis/config';
import { telemetryConfig } from '@guildhall/chassis/telemetry-config';
import { z } from 'zod';
import { recordsConfig } from './record-config.js';
import { hepConfig, keptConfig } from './tap/tap-config.js';

const hostName = z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, { error: 'expected a host name or an IP address' });

/** One address at which members' proxies connect. */
const listenerConfig = z.strictObject({
  /** What membership calls this interface; a verdict names listeners by it. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'expected 1 to 32 of a-z 0-9 -' }),
  host: host('127.0.0.1'),
  port: port(5061),
  /** What members see of it, where a NAT or a load balancer lies between: put into Record-Route. */
  advertise: z.strictObject({ host: hostName.optional(), port: z.int().min(1).max(65_535).optional() }).optional(),
  /** Shown instead of the hub's certificate. */
  certificate: certificateConfig.optional(),
});

/** How long ingress waits for what. */
const timeoutsConfig = section({
  /** A request that is no INVITE and has no answer yet gets a 100 after this (RFC 4320 4.1: when Timer E reaches T2). */
  trying: duration('3500ms', '100ms', '31s'),
  /** An admitted request that is no INVITE is answered 504 after this. Below 32 s, after which its sender has given up (RFC 3261 17.1.2.2, RFC 4320). */
  final: duration('25s', '1s', '31s'),
  /** An INVITE without a final response; a 101 to 199 starts it anew (RFC 3261 16.8: more than three minutes). */
  timerC: duration('200s', '1s', '1h'),
  /** An answered INVITE waits this long for its ACK, and lets further 2xx pass (64 * T1: RFC 3261 17.2.1, RFC 6026). */
  acknowledge: duration('32s', '1s', '2m'),
  /** A connection must begin its handshake within this, and end it within this again. */
  handshake: duration('10s', '500ms', '2m'),
  /** A connection whose turn for its handshake does not come within this is closed: its peer has given up. */
  handshakeWait: duration('20s', '500ms', '2m'),
  /** The connection of a member that only dials out is asked for a sign of life after this much silence, and given up as dead after that much. */
  probe: duration('5s', '100ms', '10m'),
  dead: duration('9s', '200ms', '20m'),
  /** One question to policy. */
  ask: duration('2s', '50ms', '30s'),
  /** NATS may be away for so long before requests are refused; until then they wait for its return. */
  bus: duration('1s', 0, '10s'),
  /** For so long a publish to a relay is kept that may have to be said again: NATS that is gone is noticed before. */
  batchesKept: duration('4s', '100ms', '1m'),
  /** A message that began to arrive must be whole after this, else the connection is closed. */
  message: duration('30s', '1s', '10m'),
  /** A connection on which nothing came for so long is closed, unless its member cannot be dialled; 0: never. */
  idle: duration('30m', 0, '24h'),
  /** A verdict is asked for anew after this, ... */
  verdictFresh: duration('30s', '100ms', '1h'),
  /** ... and while policy does not answer the old one is used so long. */
  verdictStale: duration('10m', 0, '24h'),
  /** How often the whole membership is read again, should a change have gone by unheard. */
  trustRefresh: duration('60s', '1s', '1h'),
});

/** How much ingress takes. What is above is refused, never queued without end. */
const limitsConfig = section({
  /** Connections to this instance, to one of its members, from one address. */
  connections: count(10_000, 1, 1_000_000),
  connectionsPerMember: count(2_000, 1, 100_000),
  connectionsPerAddress: count(4_000, 1, 100_000),
  /** TLS handshakes not finished yet, in all and of one address; what comes on top waits in line before TLS costs anything. */
  handshakesInFlight: count(128, 1, 100_000),
  handshakesInFlightPerAddress: count(64, 1, 100_000),
  /** TLS handshakes begun a second, in all and of one address. */
  handshakesPerSecond: count(62, 1, 100_000),
  handshakesPerSecondPerAddress: count(60, 1, 100_000),
  /** Connections that wait for their handshake to begin, in all and of one address; what comes on top is closed. */
  handshakesWaiting: count(4_096, 1, 1_000_000),
  handshakesWaitingPerAddress: count(2_048, 1, 1_000_000),
  /** Requests without a final response: of this instance, of one connection, of one member. */
  inFlight: count(100_000, 1, 10_000_000),
  inFlightPerConnection: count(20_000, 1, 1_000_000),
  inFlightPerMember: count(40_000, 1, 1_000_000),
  /** Of one member to one other: a far member that is silent keeps nobody from talking to the others. */
  inFlightPerPair: count(8_000, 1, 1_000_000),
  /** Server transactions kept, refused INVITEs that wait for their ACK included. */
  transactionsPerMember: count(40_000, 1, 4_000_000),
  /** INVITEs answered 2xx that are still known, for 32 s, so that further 2xx pass (RFC 6026): beyond them the oldest is forgotten. */
  acceptedInvites: count(100_000, 1, 10_000_000),
  /** Requests a second of one member, in bursts of at most a second's worth. */
  requestsPerSecond: count(100_000, 1, 10_000_000),
  /** Bytes not yet taken by a peer: above the first nothing more is read from it, above the second it is closed. */
  outboxBytes: byteSize('1MiB', '64KiB', '256MiB'),
  outboxBytesMax: byteSize('16MiB', '128KiB', '1GiB'),
  /** Bytes from and for one member that wait in all its connections: above the first nothing more is read from it, above the second those are closed that wait longest. */
  memberBytes: byteSize('32MiB', '256KiB', '4GiB'),
  memberBytesMax: byteSize('128MiB', '512KiB', '16GiB'),
  /** What the codec takes, see proto/sip/limits. */
  messageBytes: byteSize('64KiB', '1KiB', '512KiB'),
  headers: count(128, 8, 1_024),
  headerLineBytes: byteSize('8KiB', '256', '64KiB'),
  startLineBytes: byteSize('4KiB', '128', '64KiB'),
  /** Verdicts kept. */
  verdictCacheEntries: count(50_000, 16, 10_000_000),
  /** Requests that wait for a verdict nobody asked for before. */
  verdictWaiting: count(2_000, 1, 1_000_000),
  /** Measures of rules that limit: one for each rule and member, pair or method that it counted. */
  ruleMeasures: count(100_000, 16, 10_000_000),
  /** One publish to a relay: bytes of messages (never more than NATS takes) and how many. */
  batchBytes: byteSize('512KiB', '64KiB', '32MiB'),
  batchCount: count(1_000, 1, 65_536),
  /** Publishes to relays about requests that came in on their links, kept to be said again when a connection to NATS broke meanwhile. */
  batchesKeptBytes: byteSize('8MiB', '64KiB', '1GiB'),
  /** Connections of relays over which requests came in, remembered for their answers. */
  relayWires: count(10_000, 1, 1_000_000),
  /** Closed connections logged one by one, a second; the rest is counted. */
  closeLogsPerSecond: count(50, 1, 100_000),
  /** Refused requests logged a second, those with the same sentence to the same member as one; the rest is counted. */
  refusalLogsPerSecond: count(50, 1, 100_000),
});

/** When the hub has too much to do, and what it does about it. */
const overloadConfig = section({
  /** Whether requests are refused because work waits too long; the limits hold all the same. */
  enabled: z.boolean().default(true),
  /** Work that waits longer than this before it is begun, here or on the way to a relay, means overload. */
  target: duration('50ms', '5ms', '5s'),
  /** For so long after the first request that goes on to a relay nothing is shed: code that has just begun to run takes several times what it takes soon after. The limits hold. */
  warmUp: duration('5s', 0, '1m'),
  /** Requests a second that are taken whatever happens: work that waits at such a rate waits for something else than this hub's load. */
  floor: count(1_000, 1, 1_000_000),
  /** Refusals that one member gets, in percent of its share; what it sends beyond both is not read and waits in TCP. */
  refusals: count(20, 1, 10_000),
  /** Seconds after which a refused peer is told to come back: at random between the two. */
  retryAfter: section({ from: count(1, 1, 300), to: count(5, 1, 300) }).refine(({ from, to }) => to >= from && to - from < 60, {
    error: 'expected "to" from "from" to 59 more',
  }),
  /** Whether peers that ask for it are told how much to hold back (RFC 7339), ... */
  oc: z.boolean().default(true),
  /** ... and for how long that is to be believed. */
  ocValidity: duration('1s', '100ms', '1m'),
});

/** The configuration of an ingress: a YAML file, overridden by GUILDHALL_ variables. */
export const configSchema = z.strictObject({
  id: instanceId('ingress-1'),
  nats: natsConfig,
  hub: hubConfig,
  listeners: z
    .array(listenerConfig)
    .min(1)
    .max(64)
    .refine((list) => new Set(list.map((listener) => listener.name)).size === list.length, { error: 'two listeners have the same name' }),
  certificate: certificateConfig,
  /** How often the files of certificates are looked at for changes. */
  reload: duration('1s', '20ms', '1h'),
  admin: adminConfig,
  timeouts: timeoutsConfig,
  limits: limitsConfig,
  overload: overloadConfig,
  records: recordsConfig,
  hep: hepConfig,
  kept: keptConfig,
  telemetry: telemetryConfig,
  drain: drainConfig,
  log: logConfig,
});

/** As read and completed: times in ms, sizes in bytes. */
export type IngressConfig = z.output<typeof configSchema>;
/** As written. */
export type IngressConfigInput = z.input<typeof configSchema>;
/** One listener, read. */
export type ListenerConfig = IngressConfig['listeners'][number];
