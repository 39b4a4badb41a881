import type { InstanceFacts } from '@guildhall/chassis/instance-report';
import type { Held } from './readiness.js';

/** What a policy says of itself once a second. */
export function policyFacts(id: string, held: Readonly<Held>, ready: InstanceFacts['ready']): InstanceFacts {
  return {
    ready,
    inFlight: () => 0,
    figures: () => ({
      // Every instance writes, and the first write counts; the one that is named where one is to be is the first of those that serve.
      leads: held.roster?.freshIds('policy')[0] === id && ready().ok,
      membershipVersion: held.store?.current()?.version ?? 0n,
    }),
  };
}
