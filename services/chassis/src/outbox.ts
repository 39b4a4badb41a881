declare global {
  interface Buffer {
    /** Node's own primitive under `write(text, at, 'latin1')`, at half its price for short text. */
    latin1Write(text: string, at: number, length: number): number;
  }
}

/** Bytes gathered during a turn of the event loop, to be written with one call. */
export interface Outbox {
  /** Appends a latin1 string: one byte a character. */
  text(latin1: string): void;
  /** Appends bytes `start` (inclusive) to `end` (exclusive) of a buffer; they are copied. */
  bytes(source: Buffer, start: number, end: number): void;
  /** Bytes gathered since the last `take`. */
  length(): number;
  /** Hands the gathered bytes over, as a view that nothing writes to any more, and starts empty. */
  take(): Buffer;
}

/** A slab is at most this much larger than what it is made for. */
const roomiest = 256 * 1024;

/**
 * A growing buffer of at first `initialBytes`, allocated at the first append. Several takes are cut from one slab while
 * it lasts; the next slab is sized for about eight like the last ones, so that an outbox shrinks again after a burst.
 */
export function createOutbox(initialBytes: number): Outbox {
  let slab = Buffer.alloc(0);
  let start = 0;
  let filled = 0;
  let usual = initialBytes / 8;

  const makeRoom = (needed: number): void => {
    const pending = filled - start;
    const size = Math.max(64, initialBytes, Math.min(Math.ceil(usual) * 8, roomiest), (pending + needed) * 2);
    const next = Buffer.allocUnsafe(size);
    slab.copy(next, 0, start, filled);
    slab = next;
    start = 0;
    filled = pending;
  };

  return {
    text(latin1) {
      const { length } = latin1;
      if (slab.length - filled < length) makeRoom(length);
      slab.latin1Write(latin1, filled, length);
      filled += length;
    },
    bytes(source, from, until) {
      if (from === until) return;
      if (slab.length - filled < until - from) makeRoom(until - from);
      filled += source.copy(slab, filled, from, until);
    },
    length: () => filled - start,
    take() {
      const taken = slab.subarray(start, filled);
      usual += (taken.length - usual) / 4;
      start = filled;
      return taken;
    },
  };
}
