import { adminConfig, byteSize, count, drainConfig, duration, instanceId, logConfig, natsConfig, section } from '@guildhall/chassis/config';
import { telemetryConfig } from '@guildhall/chassis/telemetry-config';
import { z } from 'zod';
import { accessConfig, grpcConfig, httpConfig } from './doors/config-doors.js';

/** What is told apart; what is beyond is summed up. A pair takes up to 3 KiB of memory. */
const limitsConfig = section({
  /** Pairs: the most used ones. */
  pairs: count(10_000, 1, 100_000),
  members: count(20_000, 1, 100_000),
  /** Codes of reasons. */
  reasons: count(200, 10, 1000),
});

/** What is kept here of the past; minutes and records are in NATS. */
const historyConfig = section({
  /** How far back single seconds are known, and how much memory they may take. */
  seconds: duration('15m', '10s', '24h'),
  bytes: byteSize('64MiB', '1MiB', '4GiB'),
  /** How far back records are read again at a start, where no minute is stored yet. */
  replay: duration('24h', '1m', '30d'),
  /** Members' and pairs' figures in one answer: beyond, the less used pairs of each point are summed up. */
  figures: count(200_000, 1000, 10_000_000),
});

/** Searching the stored records. */
const searchConfig = section({
  /** Records that one search looks at, and how long it may take. */
  records: count(20_000_000, 1000, 1_000_000_000),
  time: duration('30s', '100ms', '10m'),
  atOnce: count(8, 1, 100),
});

/** Records as they come. */
const tailConfig = section({
  receivers: count(32, 1, 1000),
  /** Records that wait for one receiver; what comes on top is left out and counted. */
  waiting: count(1000, 10, 100_000),
});

/** Everything a console can be told: a YAML file or GUILDHALL_ variables. Times are ms inside, sizes bytes. */
export const configSchema = z.strictObject({
  id: instanceId('console-1'),
  nats: natsConfig,
  admin: adminConfig,
  grpc: grpcConfig,
  http: httpConfig,
  access: accessConfig,
  /** How often the files of certificates are looked at. */
  reload: duration('1s', 0, '1h'),
  limits: limitsConfig,
  history: historyConfig,
  /** Of the records that wait to be looked at, beyond which only one batch of several is; the figures say so. */
  sampleBeyond: count(200_000, 1000, 100_000_000),
  search: searchConfig,
  tail: tailConfig,
  /** An ingress of which nothing was heard for so long is gone, and what relays told it beyond its records is lost. */
  lostAfter: duration('30s', '1s', '1h'),
  telemetry: telemetryConfig,
  drain: drainConfig,
  log: logConfig,
});

/** As read and completed. */
export type ConsoleConfig = z.output<typeof configSchema>;
