import { anyFields, wireWords } from '../protobuf.js';
import type { Random } from '../random.js';
import type { Target } from '../target.js';
import { answerReaders } from './bus-answers.js';
import { type BusReader, batchReaders } from './bus-batches.js';
import { newsReaders } from './bus-news.js';
import { reportReaders } from './bus-reports.js';

const readers: readonly BusReader[] = [...batchReaders, ...answerReaders, ...newsReaders, ...reportReaders];

/** The first byte of an input says whose reader takes the rest. */
function inputFor(reader: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(reader), payload]);
}

/** Every message of the bus, through the reader that the hub has for it. */
export const busTarget: Target = {
  name: 'bus',
  about: 'protocol buffers through every reader of the bus: refused or whole, in bounds, and nothing thrown that is not caught',
  longest: 1_500,
  words: wireWords,
  seeds: () => readers.flatMap((reader, index) => reader.seeds.map((seed) => inputFor(index, seed))),
  make: (random: Random) => inputFor(random.below(readers.length), anyFields(random)),
  run(input) {
    const reader = readers[(input[0] ?? 0) % readers.length];
    return reader === undefined ? '' : `${reader.name} ${reader.take(input.subarray(1))}`;
  },
};
