import type { Member } from './members.js';

/** Why nothing is read from a wire, a bit each: it does not read what it asked for, its member had its share, or too much waits for that member. */
export const holds = { outbox: 1, share: 2, bytes: 4 } as const;
/** One of them. */
export type Hold = (typeof holds)[keyof typeof holds];

/**
 * An authenticated way to a member's proxy: a connection it opened to us, or one that a relay dialled and over which a request came in.
 * What is appended in one turn of the event loop leaves with one write.
 */
export interface Wire {
  /** This instance's name for it, or for a relay's wire the relay's. */
  readonly id: string;
  readonly member: Member;
  /** The far end, "address:port". */
  readonly source: string;
  /** Our end of it; not there where another process holds it. */
  readonly local?: string;
  open: boolean;
  /** What came on it is answered on it or not at all: whoever holds it may have answered by itself while it was away. Left out: on another one of its member's, once it is closed. */
  readonly answersAlone?: true;
  /** Requests of it without a final response. */
  inFlight: number;
  /** Whether it takes what others want of its member; answers to its own requests go out as long as it is open. */
  hasRoom(): boolean;
  /** Reads nothing more until every hold is released, where what comes can be kept from coming. */
  hold(why: Hold): void;
  release(why: Hold): void;
  /** Appends one whole message, latin1. */
  text(message: string): void;
  /** Appends one whole message. */
  bytes(from: Buffer, start: number, end: number): void;
}
