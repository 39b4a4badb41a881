import type { Row } from './row.js';
import { killIngress } from './rows/kill-ingress.js';
import { killNats } from './rows/kill-nats.js';
import { killPolicies } from './rows/kill-policies.js';
import { killPolicy } from './rows/kill-policy.js';
import { killRelay } from './rows/kill-relay.js';
import { partitionRelay } from './rows/partition-relay.js';
import { restartNats } from './rows/restart-nats.js';
import { rollingRestart } from './rows/rolling-restart.js';

/** Every row there is, in the order of the table. */
export const rows: readonly Row[] = [
  killRelay,
  killPolicy,
  killPolicies,
  killIngress,
  killNats,
  restartNats,
  partitionRelay,
  rollingRestart,
];
