import type { Member } from './members.js';

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
  open: boolean;
  /** Requests of it without a final response. */
  inFlight: number;
  /** Whether it takes what others want of its member; answers to its own requests go out as long as it is open. */
  hasRoom(): boolean;
  /** Appends one whole message, latin1. */
  text(message: string): void;
  /** Appends one whole message. */
  bytes(from: Buffer, start: number, end: number): void;
}
