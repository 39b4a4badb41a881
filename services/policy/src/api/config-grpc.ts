import { byteSize, certificateConfig, count, duration, host, path, port, section } from '@guildhall/chassis/config';
import { z } from 'zod';

/** Where operators, members and dashboards ask (guildhall.admin.v1). */
export const grpcConfig = section({
  host: host('127.0.0.1'),
  port: port(0),
  /** What the port shows; read again when the files change. Without it the port speaks in the clear, which only loopback may. */
  certificate: certificateConfig.optional(),
  /** A file with the token that lets operators in; made, readable by its owner only, if it is not there. */
  operatorTokenFile: path().optional(),
  /** SHA-256 of the public keys (SPKI) of operators' client certificates, lower-case hex. */
  operators: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected the SHA-256 of a public key (SPKI), 64 of 0-9 a-f' }))
    .max(1000)
    .default([]),
  /** A community file is one request (import). */
  requestBytes: byteSize('8MiB', '1KiB', '64MiB'),
  /** A whole membership is one answer: members' clients must be willing to take as much. */
  responseBytes: byteSize('64MiB', '64KiB', '1GiB'),
  connections: count(1000, 1, 65_535),
  /** Of one address, so that one machine cannot take all. */
  connectionsPerAddress: count(250, 1, 65_535),
  handshakeTime: duration('10s', '100ms', '2m'),
  /** A connection without a call is closed after this. */
  idle: duration('10m', '1s', '24h'),
  /** Calls at the same time on one connection, and health watches in all. */
  streams: count(100, 1, 10_000),
  /** Streams (watch, audit) at the same time in all. */
  watches: count(100, 1, 10_000),
  /** Calls without credentials under way at the same time, in all and from one address. */
  strangers: count(32, 1, 1000),
  strangersPerAddress: count(8, 1, 1000),
  /** A request is there whole within this. */
  requestTime: duration('30s', '100ms', '10m'),
  /** A call is answered within this. */
  patience: duration('60s', '1s', '10m'),
  /** A stream ends whose reader takes nothing for so long. */
  stall: duration('5m', '1s', '1h'),
  /** Changes a second of one caller; ten times as many at once. */
  changesPerSecond: count(20, 1, 10_000),
  /** Tokens that are kept, those that ended lately included. */
  tokens: count(10_000, 10, 100_000),
});
