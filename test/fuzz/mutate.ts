import type { Random } from './random.js';

/** Bytes that end, begin or escape something in one of the languages, and those at the rim of a class. */
const oddBytes = Buffer.from('\r\n\t \0"\\<>;,:=@%[](){}/?&!.-_~`\'0179AZaz\x01\x1f\x7f\x80\xa0\xc0\xe2\xff', 'latin1');
const oddNumbers: readonly string[] = [
  '0',
  '00',
  '-1',
  '+1',
  '1e9',
  '0x10',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '999999999',
  '9999999999999999999999',
];

type Mutator = (random: Random, input: Buffer, other: Buffer, words: readonly string[]) => Buffer;

function cutOut(input: Buffer, from: number, until: number): Buffer {
  return Buffer.concat([input.subarray(0, from), input.subarray(until)]);
}

function putIn(input: Buffer, at: number, piece: Uint8Array, over = 0): Buffer {
  return Buffer.concat([input.subarray(0, at), piece, input.subarray(Math.min(input.length, at + over))]);
}

/** A short range: most faults lie in few bytes. */
function range(random: Random, length: number): [from: number, until: number] {
  const from = random.below(length);
  const most = random.once(4) ? length - from : Math.min(12, length - from);
  return [from, from + 1 + random.below(most)];
}

/** Where lines begin, the end included. */
function lineStarts(input: Buffer): number[] {
  const starts = [0];
  for (let at = input.indexOf(0x0a); at >= 0; at = input.indexOf(0x0a, at + 1)) starts.push(at + 1);
  if (starts.at(-1) !== input.length) starts.push(input.length);
  return starts;
}

function line(random: Random, starts: readonly number[]): [from: number, until: number] {
  const which = random.below(Math.max(1, starts.length - 1));
  return [starts[which] ?? 0, starts[which + 1] ?? 0];
}

function digitRun(random: Random, input: Buffer): [from: number, until: number] | undefined {
  const isDigit = (at: number): boolean => (input[at] ?? 0) >= 0x30 && (input[at] ?? 0) <= 0x39;
  for (let from = random.below(input.length), seen = 0; seen < 200 && from < input.length; from += 1, seen += 1) {
    if (!isDigit(from)) continue;
    let until = from;
    while (isDigit(until)) until += 1;
    return [from, until];
  }
  return undefined;
}

const mutators: readonly Mutator[] = [
  (random, input) => {
    const changed = Buffer.from(input);
    const at = random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    return changed;
  },
  (random, input) => {
    const changed = Buffer.from(input);
    changed[random.below(changed.length)] = oddBytes[random.below(oddBytes.length)] ?? 0;
    return changed;
  },
  (random, input) => putIn(input, random.below(input.length + 1), oddBytes.subarray(random.below(oddBytes.length)).subarray(0, 1)),
  (random, input, _other, words) =>
    putIn(input, random.below(input.length + 1), Buffer.from(random.pick(words), 'latin1'), random.once(2) ? random.below(8) : 0),
  (random, input) => cutOut(input, ...range(random, input.length)),
  (random, input) => {
    const [from, until] = range(random, input.length);
    return putIn(input, until, input.subarray(from, until));
  },
  (random, input) => {
    const [from, until] = range(random, input.length);
    const times = 1 + random.below(random.once(8) ? 200 : 6);
    const piece = input.subarray(from, until);
    return putIn(input, until, Buffer.concat(Array.from({ length: times }, () => piece)));
  },
  (random, input, other) => {
    const [from, until] = range(random, other.length);
    return putIn(input, random.below(input.length + 1), other.subarray(from, until), random.once(2) ? until - from : 0);
  },
  (random, input, other) => Buffer.concat([input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length))]),
  (random, input) => input.subarray(0, random.below(input.length + 1)),
  (random, input) => {
    const run = digitRun(random, input);
    return run === undefined ? input : putIn(input, run[0], Buffer.from(random.pick(oddNumbers)), run[1] - run[0]);
  },
  (random, input) => {
    const changed = Buffer.from(input);
    const [from, until] = range(random, changed.length);
    for (let at = from; at < until; at += 1) {
      const code = changed[at] ?? 0;
      if ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) changed[at] = code ^ 0x20;
    }
    return changed;
  },
  (random, input) => cutOut(input, ...line(random, lineStarts(input))),
  (random, input) => {
    const starts = lineStarts(input);
    const [from, until] = line(random, starts);
    return putIn(input, random.pick(starts), input.subarray(from, until));
  },
  (random, input, other) => {
    const [from, until] = line(random, lineStarts(other));
    return putIn(input, random.pick(lineStarts(input)), other.subarray(from, until));
  },
  (random, input) => putIn(input, random.pick(lineStarts(input)), Buffer.from(random.once(2) ? ' ' : '\r\n\t')),
];

/** One to a few changes of `input`, with pieces of `other` and of `words` (latin1). At most `longest` bytes, not empty. */
export function mutate(random: Random, input: Buffer, other: Buffer, words: readonly string[], longest: number): Buffer {
  let changed = input.length === 0 ? Buffer.from('x') : input;
  const donor = other.length === 0 ? changed : other;
  let rounds = 1;
  while (rounds < 12 && random.once(2)) rounds += 1;
  for (let round = 0; round < rounds; round += 1) {
    changed = random.pick(mutators)(random, changed, donor, words).subarray(0, longest);
    if (changed.length === 0) changed = Buffer.from('x');
  }
  return changed;
}
