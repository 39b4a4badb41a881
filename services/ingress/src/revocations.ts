import type { Bus } from '@guildhall/chassis/bus';
import { followRevocations } from '@guildhall/chassis/follow-revocations';
import type { RevocationFeed } from '@guildhall/chassis/revocation-feed';
import type { IngressConfig } from './config.js';
import type { Events } from './events.js';

/** Follows what is revoked, and tells it. `changed`: every open connection is to be judged again. */
export function watchRevocations(
  bus: Bus,
  { ask, trustRefresh }: IngressConfig['timeouts'],
  events: Events,
  changed: () => void,
): RevocationFeed {
  return followRevocations(
    bus,
    { ask, refresh: trustRefresh },
    {
      learned(table) {
        events.revocationsLearned(table.version, table.size);
        changed();
      },
      failed: events.revocationsFailed,
    },
  );
}
