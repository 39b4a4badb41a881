import { type Bounds, type Conduct, newConduct } from './partner-bounds.js';
import type { Wire } from './wire.js';

/** What ingress keeps of a member that has sent or could be sent something: plain fields, read and counted on the hot path. */
export interface Member {
  readonly id: string;
  /** Its open connections to this instance, oldest first. */
  readonly wires: Wire[];
  /** Requests without a final response. */
  inFlight: number;
  /** Server transactions kept, but those that were answered 2xx. */
  transactions: number;
  /** Token bucket of requests: what is left, and when it was last filled (monotonic ms). */
  tokens: number;
  filledAt: number;
  /** Set: a discovered partner, held to bounds. */
  conduct: Conduct | undefined;
  /** What is left of its share, below 0 when more was taken; Infinity while the hub keeps up. The share of a window itself. */
  allowance: number;
  share: number;
  /** What it asked for in this window, and what of that was refused because its share was used up. */
  asked: number;
  shedNow: number;
  /** Nothing is read from its connections until it may have more. */
  held: boolean;
  /** Responses that may come in on its connections and are the cost of who asked, not its own. */
  owed: number;
  /** The part of its requests that it is to send (RFC 7339), and how it was told in this window, '' when it was not. */
  passing: number;
  told: string;
  /** Requests without a final response by the member they went to; nothing is kept at 0. */
  readonly towards: Map<string, number>;
  /** Bytes from and for it that wait in all its connections, and whether that is so many that nothing more is read from them. */
  bytes: number;
  full: boolean;
  /** When the certificate it showed last ends, wall ms; 0: it showed none. */
  certificateEnds: number;
  /** Counters since start. */
  readonly counts: MemberCounts;
}

/** Counted since the member's record was made. */
export interface MemberCounts {
  requests: number;
  responses: number;
  refused: number;
  /** Of those refused: because the hub was overloaded. */
  shed: number;
}

/** The members of this instance by id. */
export interface Members {
  /** The member's record, made at first use. Only for ids of the membership. */
  of(id: string): Member;
  find(id: string): Member | undefined;
  all(): Iterable<Member>;
  /** Forgets members that `keep` does not know, once nothing of theirs is open. */
  prune(keep: (id: string) => boolean): void;
}

/** An empty table; every member's bucket begins full with `requestsPerSecond`. `boundsOf` tells discovered partners. */
export function createMembers(requestsPerSecond: number, boundsOf: (id: string) => Bounds | undefined = () => undefined): Members {
  const table = new Map<string, Member>();
  return {
    of(id) {
      let member = table.get(id);
      if (member === undefined) {
        const bounds = boundsOf(id);
        member = {
          id,
          wires: [],
          inFlight: 0,
          transactions: 0,
          tokens: requestsPerSecond,
          filledAt: 0,
          conduct: bounds === undefined ? undefined : newConduct(bounds, 0),
          allowance: Number.POSITIVE_INFINITY,
          share: Number.POSITIVE_INFINITY,
          asked: 0,
          shedNow: 0,
          held: false,
          owed: 0,
          passing: 1,
          told: '',
          towards: new Map(),
          bytes: 0,
          full: false,
          certificateEnds: 0,
          counts: { requests: 0, responses: 0, refused: 0, shed: 0 },
        };
        table.set(id, member);
      }
      return member;
    },
    find: (id) => table.get(id),
    all: () => table.values(),
    prune(keep) {
      for (const [id, member] of table) {
        if (!keep(id) && member.wires.length === 0 && member.transactions === 0) table.delete(id);
      }
    },
  };
}

/** A request has so many responses at most that its sender is charged for, and so many are waited for in all. */
const responses = { each: 4, most: 40_000 };

/** Something of others was written to one of its connections. Hot path. */
export function noteOwed(member: Member): void {
  member.owed = Math.min(responses.most, member.owed + responses.each);
}

/** Takes one request out of the member's bucket, which holds a second's worth; false when it is empty. `now` is monotonic ms. Hot path. */
export function takeToken(member: Member, requestsPerSecond: number, now: number): boolean {
  const passed = now - member.filledAt;
  if (passed > 0) {
    member.tokens = Math.min(requestsPerSecond, member.tokens + (passed * requestsPerSecond) / 1000);
    member.filledAt = now;
  }
  if (member.tokens < 1) return false;
  member.tokens -= 1;
  return true;
}

/** The wire itself while it is open or answers alone, else another open one of the same member: a response goes nowhere else (DESIGN 5). Hot path. */
export function wayBack(wire: Wire): Wire | undefined {
  if (wire.open || wire.answersAlone === true) return wire;
  for (const other of wire.member.wires) if (other.open) return other;
  return undefined;
}
