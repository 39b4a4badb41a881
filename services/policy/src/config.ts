import { adminConfig, count, drainConfig, duration, instanceId, logConfig, natsConfig, path, section } from '@guildhall/chassis/config';
import { dnsSettings } from '@guildhall/chassis/dns-config';
import { telemetryConfig } from '@guildhall/chassis/telemetry-config';
import { z } from 'zod';
import { grpcConfig } from './api/config-grpc.js';
import { authorityConfig, enrolmentConfig } from './authority/config-authority.js';
import { recordsConfig } from './records/config-records.js';

/** Everything a policy instance can be told: a YAML file or GUILDHALL_ variables. Times are ms inside, sizes bytes. */
export const configSchema = z.strictObject({
  id: instanceId('policy-1'),
  nats: section({
    ...natsConfig.out.shape,
    /** On how many servers of a NATS cluster what policy keeps is kept, 1, 3 or 5. What is there already stays on as many as it is. */
    replicas: z.literal([1, 3, 5]).default(1).describe('1, 3 or 5; default 1'),
  }),
  /** The community file. Its entries are brought into the bucket; without one the bucket is taken as it is. */
  community: path().optional(),
  /** How often the file and the certificates it names are looked at for changes; 0: never after the start. */
  reload: duration('400ms', 0, '1h'),
  admin: adminConfig,
  grpc: grpcConfig,
  authority: authorityConfig,
  /** Without it there is no such door, and members enrol over gRPC. */
  enrolment: enrolmentConfig.optional(),
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
  /** Handshakes refused by the hub's services that are remembered for those who ask why. */
  turnedAway: count(2_000, 16, 100_000),
  /** How organizations are found that are no members, where the community meets such. */
  dns: section(dnsSettings),
  telemetry: telemetryConfig,
  /** Routing records and what is made of them. */
  records: recordsConfig,
  drain: drainConfig,
  log: logConfig,
});

/** As read and completed. */
export type PolicyConfig = z.output<typeof configSchema>;
