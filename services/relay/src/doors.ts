import type { Bus } from '@guildhall/chassis/bus';
import { DoorRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { subjects } from '@guildhall/proto/subjects';
import { LRUCache } from 'lru-cache';
import { type DoorCard, readDoor } from './door-card.js';

/** The doors of members, asked of policy and kept for a while. */
export interface Doors {
  /** The member's door: from the cache while fresh, else asked once however many want it, and the old one if policy does not answer. Rejects when there is none. */
  get(member: string): Promise<DoorCard>;
  /** Whether what `get` gives is known to be outdated: policy did not answer since it changed. */
  isOld(member: string): boolean;
  /** The membership changed: the next `get` asks policy. */
  forget(member: string): void;
}

/** `most` doors are kept, each `fresh` for so long; `timeout` is how long policy may take to answer. */
export interface DoorsSettings {
  readonly most: number;
  /** ms. */
  readonly fresh: number;
  readonly timeout: number;
}

/** Asks nothing until a door is wanted. Beyond `most`, the door not wanted for longest is dropped. */
export function createDoors(bus: Pick<Bus, 'request'>, settings: DoorsSettings): Doors {
  const stale = new Set<string>();
  /** Members whose door is being asked for. */
  const asking = new Set<string>();
  const cache = new LRUCache<string, DoorCard>({
    max: settings.most,
    ttl: settings.fresh,
    allowStaleOnFetchRejection: true,
    noDeleteOnFetchRejection: true,
    dispose: (_card, member, reason) => {
      if (reason !== 'set') stale.delete(member);
    },
    fetchMethod: async (member) => {
      // Marked fresh before the question leaves: a change that comes while it is under way marks it stale again.
      stale.delete(member);
      asking.add(member);
      try {
        return readDoor(await bus.request(subjects.door, DoorRequest.encode({ member }).finish(), settings.timeout), member);
      } catch (error) {
        stale.add(member);
        throw error;
      } finally {
        asking.delete(member);
      }
    },
  });
  return {
    async get(member) {
      const card = await cache.fetch(member, { forceRefresh: stale.has(member) });
      if (card === undefined) throw new Error('no door');
      return card;
    },
    isOld: (member) => stale.has(member),
    forget(member) {
      if (asking.has(member) || cache.has(member, { updateAgeOnHas: false })) stale.add(member);
    },
  };
}
