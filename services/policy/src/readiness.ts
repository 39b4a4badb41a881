import type { Bus } from '@guildhall/chassis/bus';
import type { Roster } from '@guildhall/chassis/roster';
import type { Api } from './api/start-api.js';
import type { EnrolmentDoor } from './authority/enrolment-door.js';
import type { KeptRevocations } from './bus/keep-revocations.js';
import type { TokenKeyStore } from './bus/token-keys.js';
import type { KeptDiscovery } from './discovery/keep-discovery.js';
import type { MembershipStore } from './membership/store.js';

/** What an instance has got hold of so far. */
export interface Held {
  store?: MembershipStore;
  keys?: TokenKeyStore;
  roster?: Roster;
  revocations?: KeptRevocations;
  discovery?: KeptDiscovery;
  api?: Pick<Api, 'refresh'>;
  door?: EnrolmentDoor;
  draining: boolean;
}

/** What /readyz asks: whether this instance can answer, and why not, one sentence each. */
export function readiness(
  bus: Pick<Bus, 'connected' | 'storeTrouble'>,
  held: Readonly<Held>,
): () => { ok: boolean; reasons: readonly string[] } {
  return () => {
    const { store, keys, roster, revocations, draining } = held;
    const reasons: string[] = [];
    if (draining) reasons.push('it is draining');
    if (!bus.connected()) reasons.push('NATS cannot be reached');
    if (store === undefined) reasons.push('the membership is not loaded yet');
    else if (store.current() === undefined) reasons.push('the membership is empty: give policy a community file (setting community)');
    if (keys === undefined || keys.keys().length === 0) reasons.push('there is no key for route tokens yet');
    if (roster?.contested() === true) reasons.push('another process runs under the same id');
    if (store?.current() !== undefined && revocations?.current() === undefined) reasons.push('the revocation lists were not read yet');
    // An overdue list is honoured: it is told, but no reason to send questions elsewhere.
    const overdue = (revocations?.stale() ?? []).map(({ owner }) => `a revocation list of ${owner} is overdue`);
    // Nor does it matter for an answer from memory whether anything can be kept: told, and changes are refused.
    const trouble = bus.storeTrouble();
    const told = trouble === '' || !bus.connected() ? overdue : [...overdue, `nothing can be changed: ${trouble}`];
    return { ok: reasons.length === 0, reasons: [...reasons, ...new Set(told)] };
  };
}
