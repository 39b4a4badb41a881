/** These octets. */
export const bytes = (...codes: number[]) => Uint8Array.from(codes);
/** A field of type bytes with this number, whose content says what it likes. */
const field = (number: number, content: Uint8Array) => Buffer.concat([bytes((number << 3) | 2, ...varint(content.length)), content]);

function varint(value: number): number[] {
  const codes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...codes, rest];
    codes.push((rest % 128) | 128);
  }
}

/** Payloads, by what they are, that are no protobuf message of ours, or none that could mean anything. */
export const rubbish: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', bytes()],
  ['a NUL', bytes(0)],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['JSON', Buffer.from('{"service":"relay","__proto__":{"x":1}}')],
  ['a number without an end', bytes(...Array.from({ length: 40 }, () => 0xff))],
  ['a length beyond the end', bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
  ['a length beyond 64 bits', bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
  ['field 0', bytes(0x02, 0x01, 0x41)],
  ['groups in groups without an end', bytes(...Array.from({ length: 100_000 }, () => 0x0b))],
  ['wire types there are not', bytes(0x0e, 0x0f, 0x16, 0x17)],
  ['strings that are no UTF-8', field(1, bytes(0xc0, 0xaf, 0xff, 0xfe))],
  ['every field a string', Buffer.concat(Array.from({ length: 20 }, (_one, index) => field(index + 1, Buffer.from('gh.v1.>\r\n\0*'))))],
  ['every field a number', bytes(...Array.from({ length: 15 }, (_one, index) => [((index + 1) << 3) | 0, 0xff, 0xff, 0x03]).flat())],
  [
    'every field 64 bits',
    bytes(...Array.from({ length: 15 }, (_one, index) => [((index + 1) << 3) | 1, 255, 255, 255, 255, 255, 255, 255, 255]).flat()),
  ],
  ['a string of almost a megabyte', field(1, new Uint8Array(1_000_000).fill(0x41))],
  ['a list of a hundred thousand', Buffer.concat(Array.from({ length: 100_000 }, () => field(3, bytes(0x61))))],
  ['noise', Uint8Array.from({ length: 5_000 }, (_one, at) => (at * 7919 + (at >> 3) * 104_729) & 255)],
];
