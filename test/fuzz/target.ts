import type { Random } from './random.js';

/** A part of the hub that takes bytes from outside. */
export interface Target {
  readonly name: string;
  /** What it is fed with and what must hold, in one line. */
  readonly about: string;
  /** Bytes of the longest input. */
  readonly longest: number;
  /** Pieces of its language that mutation puts in, latin1. */
  readonly words: readonly string[];
  /** Sound inputs to begin with. */
  seeds(): readonly Buffer[];
  /** An input from the grammar, sound or nearly so. */
  make(random: Random): Buffer;
  /** Puts lengths right that mutation made wrong, so that more than the check of lengths is tried. */
  mend?(input: Buffer): Buffer;
  /**
   * Feeds one input. Depends on nothing but its bytes. Throws what a peer's bytes must never cause, or `Broken`. Returns in a few words what came of it:
   * an input with an outcome not seen before is kept to be mutated further.
   */
  run(input: Buffer): string;
}

/** A promise of a target does not hold. */
export class Broken extends Error {
  constructor(promise: string, detail = '') {
    super(detail === '' ? promise : `${promise}: ${detail}`);
    this.name = 'Broken';
  }
}

/** Throws `Broken` unless it holds. */
export function promise(holds: boolean, sentence: string): void {
  if (!holds) throw new Broken(sentence);
}

/** Throws `Broken` with both sides unless two texts are the same. */
export function promiseSame(found: string, expected: string, sentence: string): void {
  if (found === expected) return;
  let at = 0;
  while (at < found.length && found[at] === expected[at]) at += 1;
  const near = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 20), at + 60));
  throw new Broken(sentence, `${near(found)} instead of ${near(expected)} at ${at}`);
}

/** Latin1 text as bytes, one a character. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
