import { byteSize, certificateConfig, count, duration, host, path, port, section } from '@guildhall/chassis/config';
import { z } from 'zod';

/** The community's own certificate authority. */
export const authorityConfig = section({
  /** Holds authority.crt and, unless it is kept elsewhere, authority.key (then authority.crl comes from there too). Without a folder this instance is no authority. */
  folder: path().optional(),
  /** How long a member's certificate lasts, days. */
  days: count(365, 1, 1825),
  /** How long a revocation list lasts, days; it is made anew at half of that. */
  crlDays: count(7, 1, 365),
  /** Certificates that end within so many days are warned of, once a day. */
  warnDays: count(30, 1, 365),
  /** Certificates kept, those that ended lately included. */
  certificates: count(200_000, 10, 1_000_000),
  /** Certificates of one member that have not ended, revoked ones included: a revocation list has room for some thousands in all. */
  perMember: count(100, 1, 100_000),
  /** How often it is looked whether something is due: a revocation list, another file in the folder. */
  check: duration('5s', '50ms', '1h'),
});

/** The door at which members enrol over HTTPS. */
export const enrolmentConfig = z.strictObject({
  host: host('127.0.0.1'),
  port: port(0),
  /** What the door shows. Its name has to be the host of `url`. */
  certificate: certificateConfig,
  /** What members are told: "https://hub.example:5080". Default: the hub's domain and this port. */
  url: z
    .string()
    .regex(/^https:\/\/[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, { error: 'expected https://host:port' })
    .optional(),
  /** The largest body taken. */
  requestBytes: byteSize('32KiB', '1KiB', '1MiB'),
  /** A request, handshake included, is over by then. */
  timeout: duration('10s', '100ms', '5m'),
  connections: count(64, 1, 10_000),
  /** Of one address (IPv6: one /64). */
  connectionsPerAddress: count(16, 1, 10_000),
  /** Attempts to enrol or renew from one address (IPv6: one /64) a minute. */
  attempts: count(20, 1, 100_000),
});
