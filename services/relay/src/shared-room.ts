import type { BudgetLimits } from './queue.js';

/** Room that all members share, where none of them can leave the others without. */
export interface SharedRoom {
  /** Takes one thing of a member's in, of so many bytes, or refuses it. */
  admit(member: string, bytes: number): boolean;
  /** Gives back what was admitted. */
  release(member: string, bytes: number): void;
  /** How much of all members is in it. */
  count(): number;
}

/**
 * An empty room. Who asks for more has at most as much as is free then: one alone gets half of it, two who want all of it a third each, and there is always
 * some for who has nothing yet. Hot path.
 */
export function createSharedRoom(limits: BudgetLimits): SharedRoom {
  const held = new Map<string, { count: number; bytes: number }>();
  let count = 0;
  let total = 0;
  return {
    admit(member, bytes) {
      const own = held.get(member);
      const after = { count: (own?.count ?? 0) + 1, bytes: (own?.bytes ?? 0) + bytes };
      if (after.count > limits.count - count || after.bytes > limits.bytes - total) return false;
      count += 1;
      total += bytes;
      if (own === undefined) {
        held.set(member, after);
      } else {
        own.count = after.count;
        own.bytes = after.bytes;
      }
      return true;
    },
    release(member, bytes) {
      const own = held.get(member);
      if (own === undefined) return;
      count -= 1;
      total -= bytes;
      own.count -= 1;
      own.bytes -= bytes;
      if (own.count === 0) held.delete(member);
    },
    count: () => count,
  };
}
