import { byteSize, count, duration, section } from '@guildhall/chassis/config';
import { z } from 'zod';

/** What is kept of everything that passed or was refused: who, where to, why, when and how long; never anything of a body. */
export const recordsConfig = section({
  enabled: z.boolean().default(true),
  /** How users in From and To are told: in full, as a keyed hash (the same for the same user), or only their domain. */
  privacy: z.enum(['full', 'hashed', 'domain']).default('hashed').describe('full, hashed or domain; default hashed'),
  /** Records are handed to JetStream together, this often or when there are so many: a console counts a batch in one go. */
  interval: duration('50ms', '10ms', '10s'),
  batchCount: count(1_000, 1, 20_000),
  /** Bytes of records that wait while JetStream is away; beyond them the oldest are dropped and counted. */
  bufferBytes: byteSize('16MiB', '256KiB', '1GiB'),
  /** What JetStream has not said to be stored after this is handed over again. */
  retry: duration('2s', '100ms', '1m'),
  /** A drain waits so long until the last are stored. */
  finish: duration('1s', 0, '30s'),
});
