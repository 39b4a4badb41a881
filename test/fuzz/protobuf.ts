import type { Random } from './random.js';
import { bytesOf } from './target.js';

/** Protocol buffers at the level of the wire, sound or not: what a decoder gets from a newer version, a broken one, or an enemy. */

/** Pieces that mutation puts in: tags, lengths and numbers at the rims. */
export const wireWords: readonly string[] = [
  '\x00',
  '\x7f',
  '\x80',
  '\xff\xff\xff\xff\x0f',
  '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
  '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  '\x0b',
  '\x0c',
  '\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b',
  '\x0a\x00',
  '\x12\x04acme',
  '\x0a\x04bolt',
  '\xa2\x01\x02hi',
  '\x52\x01\x01',
  '\xc0\xd5\x07\x01',
  'acme',
  'bolt',
  'relay-1',
  'e1',
  '\xc3\x28',
  '../..',
  'gh.v1.>',
];

function varint(value: number): string {
  let rest = value;
  let text = '';
  while (rest > 0x7f) {
    text += String.fromCharCode((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return text + String.fromCharCode(rest);
}

const texts = ['', 'acme', 'bolt', 'e1', 'relay-1', 'ingress-1', 'a b', 'x'.repeat(70), '\xc3\xa9', '\xff', 'sip:a@b', '\r\n'];
const numbers = [0, 1, 2, 3, 4, 127, 128, 200, 408, 503, 700, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];

function content(random: Random, depth: number): string {
  switch (random.below(depth > 3 ? 3 : 5)) {
    case 0:
      return random.pick(texts);
    case 1:
      return Array.from({ length: random.below(6) }, () => varint(random.pick(numbers))).join('');
    case 2:
      return Array.from({ length: 4 * random.below(4) }, () => String.fromCharCode(random.below(256))).join('');
    default:
      return fields(random, depth + 1);
  }
}

function fields(random: Random, depth: number): string {
  let text = '';
  for (let left = random.below(depth === 0 ? 12 : 5); left > 0; left -= 1) {
    const number = random.once(12) ? random.pick([15_000, 2 ** 29 - 1, 0, 100]) : 1 + random.below(20);
    const type = random.once(12) ? random.below(8) : random.pick([0, 2, 2, 2, 5, 1]);
    text += varint(number * 8 + type);
    if (type === 0) text += varint(random.pick(numbers));
    else if (type === 1) text += 'abcdefgh';
    else if (type === 5) text += random.pick(['\x01\x00\x00\x00', '\xff\xff\xff\xff', '\x00\x00\x00\x00']);
    else if (type === 2) {
      const inner = content(random, depth);
      text += varint(random.once(20) ? inner.length + random.below(1_000) : inner.length) + inner;
    }
  }
  return text;
}

/** Some fields of whatever types, nested now and then. */
export function anyFields(random: Random): Buffer {
  return bytesOf(fields(random, 0));
}
