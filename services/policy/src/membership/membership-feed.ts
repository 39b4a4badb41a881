import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Caller } from '@guildhall/chassis/api/caller';
import type { WatchMembershipResponse } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { entryChange } from './entry-change.js';
import { seesEntry } from './own-half.js';
import type { Difference } from './table.js';

/** Changes of the membership for those who watch. */
export interface MembershipFeed {
  /** A version is in force, by these differences. */
  tell(version: bigint, differences: ReadonlyMap<string, Difference>): void;
  /** Everything from now on that the caller may see; the first message tells the version in force. Throws an ApiFault when too many watch, or one is too slow. */
  follow(version: bigint, caller: Caller, signal?: AbortSignal): AsyncIterable<WatchMembershipResponse>;
  /** Ends all watches. */
  end(): void;
}

interface Watch {
  readonly caller: Caller;
  readonly queue: WatchMembershipResponse[];
  wake(): void;
  fellBehind: boolean;
}

/** Entries told in one message. */
const entriesInMessage = 500;

/** `watches` bounds how many watch at once, `behind` how many messages one of them may have left to read. */
export function createMembershipFeed(watches: number, behind: number): MembershipFeed {
  const watching = new Set<Watch>();
  let ended = false;

  const give = (watch: Watch, version: bigint, differences: ReadonlyMap<string, Difference>): void => {
    const seen = [...differences].filter(([, { before, after }]) => seesEntry(watch.caller, (after ?? before)?.body));
    const told = seen.filter(([, { before, after }]) => (after ?? before)?.body.$case !== 'file');
    for (let from = 0; from < told.length; from += entriesInMessage) {
      const entries = told.slice(from, from + entriesInMessage).map(([key, difference]) => entryChange(key, difference));
      if (watch.queue.length >= behind) watch.fellBehind = true;
      else watch.queue.push({ version, entries });
    }
    watch.wake();
  };

  async function* follow(version: bigint, caller: Caller, signal?: AbortSignal): AsyncGenerator<WatchMembershipResponse> {
    if (watching.size >= watches) throw new ApiFault('limit', `${watches} are watching already.`, 'try again later');
    let awake: () => void = () => undefined;
    const watch: Watch = { caller, queue: [{ version, entries: [] }], wake: () => awake(), fellBehind: false };
    watching.add(watch);
    signal?.addEventListener('abort', watch.wake, { once: true });
    try {
      while (!ended && signal?.aborted !== true) {
        const next = watch.queue.shift();
        if (next !== undefined) {
          yield next;
        } else if (watch.fellBehind) {
          throw new ApiFault('limit', 'This watch has fallen too far behind.', 'begin again, and read faster');
        } else {
          await new Promise<void>((resolve) => {
            awake = resolve;
          });
        }
      }
    } finally {
      signal?.removeEventListener('abort', watch.wake);
      watching.delete(watch);
    }
  }

  return {
    tell(version, differences) {
      for (const watch of watching) give(watch, version, differences);
    },
    follow,
    end() {
      ended = true;
      for (const watch of watching) watch.wake();
    },
  };
}
