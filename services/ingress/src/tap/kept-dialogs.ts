import { LRUCache } from 'lru-cache';

/** Why the messages of a dialog are kept. */
export interface Mark {
  /** The member an operator marked; '' where the caller marked the dialog itself. */
  readonly member: string;
  /** Whether its first request opens something that lasts; else it is over with its final answer. */
  readonly lasts: boolean;
}

/** Dialogs whose messages are kept, by Call-ID. */
export interface KeptDialogs {
  get(callId: string): Mark | undefined;
  set(callId: string, mark: Mark): void;
  delete(callId: string): void;
  size(): number;
}

/** Call-IDs are cut beyond this: no peer decides how much is remembered. */
export const longestCallId = 256;

/** Remembers `most`, those unused for longest forgotten first, and each for `idle` ms after its last message. `clock` is monotonic ms. */
export function createKeptDialogs(most: number, idle: number, clock: () => number): KeptDialogs {
  const marks = new LRUCache<string, Mark>({ max: most, ttl: idle, updateAgeOnGet: true, ttlResolution: 0, perf: { now: clock } });
  return {
    get: (callId) => marks.get(callId.slice(0, longestCallId)),
    set: (callId, mark) => void marks.set(callId.slice(0, longestCallId), mark),
    delete: (callId) => void marks.delete(callId.slice(0, longestCallId)),
    size: () => marks.size,
  };
}
