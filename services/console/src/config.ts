import { adminConfig, drainConfig, instanceId, logConfig, natsConfig } from '@guildhall/chassis/config';
import { z } from 'zod';

/** Everything a console can be told: a YAML file or GUILDHALL_ variables. Times are ms inside, sizes bytes. */
export const configSchema = z.strictObject({
  id: instanceId('console-1'),
  nats: natsConfig,
  admin: adminConfig,
  drain: drainConfig,
  log: logConfig,
});

/** As read and completed. */
export type ConsoleConfig = z.output<typeof configSchema>;
