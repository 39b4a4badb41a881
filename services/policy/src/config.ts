import {
  adminConfig,
  byteSize,
  count,
  drainConfig,
  duration,
  host,
  instanceId,
  logConfig,
  natsConfig,
  path,
  port,
  section,
} from '@guildhall/chassis/config';
import { z } from 'zod';

/** Everything a policy instance can be told: a YAML file or GUILDHALL_ variables. Times are ms inside, sizes bytes. */
export const configSchema = z.strictObject({
  id: instanceId('policy-1'),
  nats: natsConfig,
  /** The community file. Its entries are brought into the bucket; without one the bucket is taken as it is. */
  community: path().optional(),
  /** How often the file and the certificates it names are looked at for changes; 0: never after the start. */
  reload: duration('2s', 0, '1h'),
  admin: adminConfig,
  /** Where operators ask (guildhall.admin.v1). It has no authentication of its own: loopback, or behind something that has. */
  grpc: section({
    host: host('127.0.0.1'),
    port: port(0),
    requestBytes: byteSize('64KiB', '1KiB', '4MiB'),
    /** A whole membership is one answer: members' clients must be willing to take as much. */
    responseBytes: byteSize('64MiB', '64KiB', '1GiB'),
    /** Calls at the same time on one connection, and health watches in all. */
    streams: count(100, 1, 10_000),
  }),
  /** Keys that sign the route tokens of dialogs. */
  tokens: section({
    /** A new key signs after this. */
    rotate: duration('24h', '1m', '720h'),
    /** So many keys verify: a dialog lives at most one rotation less than this. */
    keep: count(8, 2, 64),
  }),
  /** Changes of the bucket are compiled when there were none for `quiet`, and after `most` at the latest. */
  settle: section({
    quiet: duration('5ms', 0, '1s'),
    most: duration('250ms', '1ms', '10s'),
  }),
  drain: drainConfig,
  log: logConfig,
});

/** As read and completed. */
export type PolicyConfig = z.output<typeof configSchema>;
