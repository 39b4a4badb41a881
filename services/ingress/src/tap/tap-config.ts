import { count, duration, host, path, port, section } from '@guildhall/chassis/config';
import { z } from 'zod';

/** Copies of what members and the hub say to each other here, to a Homer capture server (HEP3 over UDP). Off by default. */
export const hepConfig = section({
  enabled: z.boolean().default(false),
  host: host('127.0.0.1'),
  port: port(9060),
  /** By which number the server tells this ingress from others. */
  captureId: count(2_001, 0, 4_294_967_295),
  /** What the server asks for: as a setting, or the first line of a file. It goes over the network in the clear. */
  password: z.string().min(1).max(256).optional(),
  passwordFile: path().optional(),
  /** Whole messages; false: start line and headers only, and Content-Length still says how long the body was. */
  bodies: z.boolean().default(false),
  /** Packets a second at most, and packets that wait to be sent; what is above is dropped and counted. */
  packetsPerSecond: count(10_000, 1, 1_000_000),
  queue: count(1_000, 1, 100_000),
}).refine(({ password, passwordFile }) => password === undefined || passwordFile === undefined, {
  error: 'expected "password" or "passwordFile", not both',
});

/** Heads of messages that are kept for whoever looks for a fault; bodies never are. */
export const keptConfig = section({
  /** Whether anything is kept at all: for members that an operator marks (guildhall trace on), and for dialogs that their callers mark. */
  enabled: z.boolean().default(true),
  /** Whose requests may mark a dialog by `logme` (RFC 8497): nobody's, every member's, or those of a list of members. */
  logme: z
    .union([z.literal('none'), z.literal('all'), z.array(z.string().min(1).max(64)).max(1_000)], {
      error: 'expected none, all, or a list of member ids',
    })
    .default('none')
    .describe('none, all, or a list of member ids; default none'),
  /** Heads kept a second; what is above is counted, not kept. */
  headsPerSecond: count(500, 1, 100_000),
  /** Dialogs that are marked at a time, those unused for longest forgotten first, and for how long one is without a message. */
  dialogs: count(1_000, 1, 100_000),
  dialogIdle: duration('1h', '1s', '24h'),
  /** How often what was kept goes into the stream KEPT. */
  interval: duration('500ms', '10ms', '10s'),
});

/** As read and completed. */
export type HepConfig = z.output<typeof hepConfig>;
/** As read and completed. */
export type KeptConfig = z.output<typeof keptConfig>;
