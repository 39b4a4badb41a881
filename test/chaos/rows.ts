import type { Row } from './row.js';
import { certificateExpires } from './rows/certificate-expires.js';
import { certificateRevoked } from './rows/certificate-revoked.js';
import { clockBack } from './rows/clock-back.js';
import { clockForward } from './rows/clock-forward.js';
import { deafRelay } from './rows/deaf-relay.js';
import { diskFull } from './rows/disk-full.js';
import { diskReadOnly } from './rows/disk-read-only.js';
import { handshakeStorm } from './rows/handshake-storm.js';
import { killIngress } from './rows/kill-ingress.js';
import { killIngressReuse } from './rows/kill-ingress-reuse.js';
import { killNats } from './rows/kill-nats.js';
import { killPolicies } from './rows/kill-policies.js';
import { killPolicy } from './rows/kill-policy.js';
import { killRelay } from './rows/kill-relay.js';
import { member503 } from './rows/member-503.js';
import { memberHalfOpen } from './rows/member-half-open.js';
import { memberKilled } from './rows/member-killed.js';
import { memberNeverReads } from './rows/member-never-reads.js';
import { memberResets } from './rows/member-resets.js';
import { memberStopped } from './rows/member-stopped.js';
import { overload2x, overload5x } from './rows/overload.js';
import { partitionRelay } from './rows/partition-relay.js';
import { restartNats } from './rows/restart-nats.js';
import { rollingRestart } from './rows/rolling-restart.js';
import { unfairMember } from './rows/unfair-member.js';

/** Every row there is, in the order of the table. */
export const rows: readonly Row[] = [
  killRelay,
  killPolicy,
  killPolicies,
  killIngress,
  killIngressReuse,
  killNats,
  restartNats,
  partitionRelay,
  deafRelay,
  memberKilled,
  memberStopped,
  memberNeverReads,
  member503,
  memberResets,
  memberHalfOpen,
  certificateExpires,
  certificateRevoked,
  clockForward,
  clockBack,
  diskFull,
  diskReadOnly,
  rollingRestart,
  handshakeStorm,
  overload2x,
  overload5x,
  unfairMember,
];
