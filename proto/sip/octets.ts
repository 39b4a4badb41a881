/**
 * Text and the bytes it was read from: head[i] is the byte buffer[start + i]. A Message is one. The grammar is read from the bytes, which is
 * three times as fast as from the text; results are slices of the text, which cost next to nothing.
 */
export interface Octets {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly head: string;
}

/** What the parsers take: a Message (hot path) or latin1 text. Offsets are into the text either way. */
export type Source = Octets | string;

/** The source as Octets, valid between `start` and `end`. Costs a copy of that part if it is text. A character above 255 reads as NUL. */
export function octetsOf(source: Source, start: number, end: number): Octets {
  if (typeof source !== 'string') return source;
  return { buffer: Buffer.from(source.slice(start, end).replace(/[^\0-\xff]/g, '\0'), 'latin1'), start: 0 - start, head: source };
}
