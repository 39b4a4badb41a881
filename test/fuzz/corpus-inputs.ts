import { readCorpus, readEntry } from '../corpus/entry.js';
import { createRandom, type Random } from './random.js';

/** Every file of the message corpus, then some that a grammar makes: the same ones every time. */
export function corpusInputs(make: (random: Random) => Buffer, made: number): Buffer[] {
  const random = createRandom(1, 'seeds');
  return [...readCorpus().map(readEntry), ...Array.from({ length: made }, () => make(random))];
}
