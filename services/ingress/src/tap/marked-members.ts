import { Marked } from '@guildhall/proto/gen/guildhall/bus/v1/report';

/** Members whose messages' heads are kept for a while, as policy tells. */
export interface MarkedMembers {
  /** Takes what policy said: the whole list, in place of the last. False for what cannot be read, and then the last one stays. */
  take(payload: Uint8Array): boolean;
  has(member: string): boolean;
  /** Whether there is one; costs a field. */
  any(): boolean;
  /** Forgets those whose time is over. */
  tend(): void;
}

/** No list is longer. */
const most = 1_000;
/** However long policy says, ms: it says it again while it holds. */
const longest = 24 * 60 * 60 * 1_000;

/** Nobody at first. `clock` is monotonic ms. */
export function createMarkedMembers(clock: () => number): MarkedMembers {
  let until = new Map<string, number>();
  return {
    take(payload) {
      let list: Marked;
      try {
        list = Marked.decode(payload);
      } catch {
        return false;
      }
      const now = clock();
      until = new Map(
        list.members
          .slice(0, most)
          .filter(({ member, holdsFor }) => member !== '' && holdsFor > 0)
          .map(({ member, holdsFor }) => [member, now + Math.min(holdsFor, longest)]),
      );
      return true;
    },
    has(member) {
      const end = until.get(member);
      return end !== undefined && clock() < end;
    },
    any: () => until.size > 0,
    tend() {
      const now = clock();
      for (const [member, end] of until) if (now >= end) until.delete(member);
    },
  };
}
