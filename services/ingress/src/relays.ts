import { ownerOf } from '@guildhall/chassis/rendezvous';
import type { Instance } from '@guildhall/chassis/roster';
import type { RelayName, RelayQueue } from './forwards.js';

/** What is known of the relays: the roster of the chassis. */
export interface RelayRoster {
  /** Ids of those that take new work; the same array until something changes. */
  freshIds(service: string): readonly string[];
  fresh(service: string): readonly Instance[];
  /** Draining ones too. */
  every(service: string): readonly Instance[];
}

/** Which relay a member's requests go to. */
export interface Relays {
  /** The queue of the relay that owns a member now; undefined while no relay is there. Hot path: a look-up. */
  ownerOf(member: string): RelayQueue | undefined;
  ownerId(member: string): string | undefined;
  /** Whether any relay takes new work. */
  any(): boolean;
  /** To be called when the roster changed: marks the queues of relays that are gone. */
  refresh(): RelayChanges;
}

/** What became of the relays that had something. */
export interface RelayChanges {
  readonly gone: readonly RelayQueue[];
  /** They came back to NATS: what was on its way then, there or back, may be lost. */
  readonly returned: ReadonlySet<RelayQueue>;
}

/** `open` and `drop` make and end a relay's queue (forwards.ts). */
export function createRelays(roster: RelayRoster, open: (relay: RelayName) => RelayQueue, drop: (queue: RelayQueue) => void): Relays {
  const owners = new Map<string, RelayQueue>();
  const queues = new Set<RelayQueue>();
  let ids: readonly string[] = [];

  const current = (): readonly string[] => {
    const now = roster.freshIds('relay');
    if (now !== ids) {
      ids = now;
      owners.clear();
    }
    return now;
  };

  const owner = (member: string): RelayQueue | undefined => {
    const fresh = current();
    const known = owners.get(member);
    if (known !== undefined && !known.gone) return known;
    const id = ownerOf(member, fresh);
    const instance = roster.fresh('relay').find((one) => one.id === id);
    if (instance === undefined) return undefined;
    const queue = open(instance);
    queues.add(queue);
    owners.set(member, queue);
    return queue;
  };

  return {
    ownerOf: owner,
    ownerId: (member) => owner(member)?.id,
    any: () => current().length > 0,
    refresh() {
      const alive = new Map(roster.every('relay').map((one) => [one.id, one]));
      const gone: RelayQueue[] = [];
      const returned = new Set<RelayQueue>();
      for (const queue of queues) {
        const instance = alive.get(queue.id);
        if (!queue.gone && instance !== undefined && instance.epoch === queue.epoch) {
          if (instance.returns !== queue.returns) returned.add(queue);
          queue.returns = instance.returns;
          continue;
        }
        queues.delete(queue);
        drop(queue);
        gone.push(queue);
      }
      if (gone.length > 0) owners.clear();
      return { gone, returned };
    },
  };
}
