import { byteSize, duration, section } from '@guildhall/chassis/config';

/** How long and how much is kept of what passed. Streams that are there get these limits; what exceeds them is forgotten, the oldest first. */
export const recordsConfig = section({
  /** Routing records: stream RECORDS. */
  maxAge: duration('7d', '1m', '3650d'),
  maxBytes: byteSize('1GiB', '4MiB', '1024GiB'),
  /** Heads of messages of marked dialogs and members: stream KEPT. */
  keptAge: duration('1d', '1m', '3650d'),
  keptBytes: byteSize('256MiB', '4MiB', '1024GiB'),
  /** Traffic of each minute: stream TRAFFIC. */
  trafficAge: duration('90d', '1m', '3650d'),
  trafficBytes: byteSize('256MiB', '4MiB', '1024GiB'),
  /** How often it is looked whether the streams are there. */
  look: duration('30s', '100ms', '1h'),
});
