import { byteSize, certificateConfig, count, duration, host, port, section } from '@guildhall/chassis/config';
import { z } from 'zod';

/** What both doors bear. */
const door = {
  /** What the port shows; read again when the files change. Without it the port speaks in the clear, which only loopback may. */
  certificate: certificateConfig.optional(),
  connections: count(1000, 1, 65_535),
  /** Of one address, so that one machine cannot take all. */
  connectionsPerAddress: count(100, 1, 65_535),
  handshakeTime: duration('10s', '100ms', '2m'),
  /** A request is there whole within this. */
  requestTime: duration('10s', '100ms', '10m'),
};

/** Where dashboards and the command line ask (guildhall.metrics.v1). */
export const grpcConfig = section({
  host: host('127.0.0.1'),
  port: port(5071),
  ...door,
  requestBytes: byteSize('64KiB', '1KiB', '4MiB'),
  responseBytes: byteSize('64MiB', '64KiB', '1GiB'),
  /** A connection without a call is closed after this. */
  idle: duration('10m', '1s', '24h'),
  /** Calls at the same time on one connection, and health watches in all. */
  streams: count(100, 1, 10_000),
  /** Calls without credentials (health) under way at the same time, in all and from one address. */
  strangers: count(32, 1, 1000),
  strangersPerAddress: count(8, 1, 1000),
});

/** Where browsers ask: JSON and Server-Sent Events of the same messages. */
export const httpConfig = section({
  host: host('127.0.0.1'),
  port: port(5072),
  ...door,
  /** A request line with its headers. */
  headerBytes: byteSize('16KiB', '2KiB', '64KiB'),
  /** A connection without a request is closed after this. */
  idle: duration('30s', '1s', '10m'),
  /** Pages that may ask from a browser (CORS), each as its origin: "https://dashboards.example". */
  origins: z
    .array(z.string().regex(/^https?:\/\/[A-Za-z0-9.[\]:-]{1,253}$/, { error: 'expected an origin such as https://dashboards.example' }))
    .max(100)
    .default([]),
  /**
   * Whether a stream may show its token as ?access_token=, since EventSource of browsers sends no headers. Off: what stands in an address gets into
   * logs and histories.
   */
  queryTokens: z.boolean().default(false),
  /** A stream with nothing to tell says so this often, so that nobody between takes it for dead. */
  heartbeat: duration('15s', '100ms', '5m'),
});

/** What callers may take up, at both doors together. */
export const accessConfig = section({
  /** Policy says within this who somebody is. */
  patience: duration('3s', '100ms', '1m'),
  /** A request that is no stream is answered within this. */
  answerTime: duration('60s', '1s', '10m'),
  /** Streams at the same time: in all, and with the same credentials. A member has at most a quarter. */
  streams: count(400, 1, 10_000),
  streamsPerCaller: count(32, 1, 10_000),
  /** Searches and histories at the same time: in all, and with the same credentials. */
  searches: count(8, 1, 100),
  searchesPerCaller: count(4, 1, 100),
  /** A stream ends whose reader takes nothing for so long. */
  stall: duration('60s', '100ms', '1h'),
  /** Answers of policy that are kept. */
  answers: count(10_000, 10, 1_000_000),
});
