/**
 * What a thing carries to be on a wheel. Start with `{ wheelNext: undefined, wheelPrevious: undefined, wheelSlot: -1,
 * wheelDue: 0 }` and leave the fields to the wheel. A thing is on one wheel at a time.
 * `interface Transaction extends Timed<Transaction> { ... }`
 */
export interface Timed<T> {
  wheelNext: T | undefined;
  wheelPrevious: T | undefined;
  /** Which of the wheel's lists it is in; -1: none. */
  wheelSlot: number;
  /** When it is due, monotonic milliseconds. */
  wheelDue: number;
}

/** Many coarse time-outs under one timer of the caller's: adding and removing are O(1) and allocate nothing. */
export interface Wheel<T> {
  /** Sets the thing's due time (monotonic ms, finite); one that is on the wheel already is moved. */
  add(item: T, dueMs: number): void;
  /** Takes it off; nothing happens if it is not on. */
  remove(item: T): void;
  /** Calls `expired` for everything due at or before `nowMs`, slot by slot: never early, at most a slot and a call interval late. */
  advance(nowMs: number): void;
  /** How many things are on it. */
  size(): number;
}

/**
 * `slotMs` is the coarseness. A due time further away than slotMs * slots is fine, it costs one extra look per
 * revolution. `expired` is called with the thing off the wheel and may add or remove any thing, itself included; a thing
 * added with a due time already past expires with the next slot. If it throws, the rest expires with the next `advance`.
 */
export function createWheel<T extends Timed<T>>(size: { slotMs: number; slots: number }, expired: (item: T) => void): Wheel<T> {
  const { slotMs, slots } = size;
  const heads: (T | undefined)[] = new Array(slots + 1).fill(undefined);
  /** The list that is being expired, so that callbacks may change any other list. */
  const firing = slots;
  /** The last tick that was expired; a tick t covers everything due in (t-1, t] slots. Undefined before the first `advance`. */
  let tick: number | undefined;
  let held = 0;

  const link = (item: T, slot: number): void => {
    const head = heads[slot];
    item.wheelPrevious = undefined;
    item.wheelNext = head;
    if (head !== undefined) head.wheelPrevious = item;
    heads[slot] = item;
    item.wheelSlot = slot;
  };

  const unlink = (item: T): void => {
    const { wheelNext: next, wheelPrevious: previous } = item;
    if (previous === undefined) heads[item.wheelSlot] = next;
    else previous.wheelNext = next;
    if (next !== undefined) next.wheelPrevious = previous;
    item.wheelNext = undefined;
    item.wheelPrevious = undefined;
    item.wheelSlot = -1;
  };

  const tickOf = (dueMs: number): number => Math.max(Math.ceil(dueMs / slotMs), tick === undefined ? 0 : tick + 1);

  const place = (item: T): void => link(item, tickOf(item.wheelDue) % slots);

  const fire = (until: number): void => {
    for (let item = heads[firing]; item !== undefined; item = heads[firing]) {
      unlink(item);
      if (item.wheelDue > until) {
        place(item);
      } else {
        held -= 1;
        expired(item);
      }
    }
  };

  return {
    add(item, dueMs) {
      if (item.wheelSlot === -1) held += 1;
      else unlink(item);
      item.wheelDue = dueMs;
      place(item);
    },
    remove(item) {
      if (item.wheelSlot === -1) return;
      unlink(item);
      held -= 1;
    },
    advance(nowMs) {
      const target = Math.floor(nowMs / slotMs);
      fire(target * slotMs);
      // Before the first advance things may lie in any slot, and after a long pause every slot is due once.
      const first = tick === undefined || target - tick >= slots ? target - slots + 1 : tick + 1;
      for (let now = first; now <= target; now += 1) {
        const slot = ((now % slots) + slots) % slots;
        const head = heads[slot];
        tick = now;
        if (head === undefined) continue;
        heads[slot] = undefined;
        for (let item: T | undefined = head; item !== undefined; item = item.wheelNext) item.wheelSlot = firing;
        heads[firing] = head;
        fire(target * slotMs);
      }
      tick = Math.max(tick ?? target, target);
    },
    size: () => held,
  };
}
