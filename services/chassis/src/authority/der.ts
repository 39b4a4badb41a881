/** One element of DER: its tag byte and where its contents and the element itself begin and end. */
export interface DerElement {
  readonly tag: number;
  /** First byte of the element, tag included. */
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** Tags that a revocation list has (X.690 8). */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  context0: 0xa0,
} as const;

/** Reads the element at a place that must end by `limit`. Throws a RangeError for anything that is no definite, minimal length within the limit. */
export function readElement(bytes: Uint8Array, at: number, limit: number): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit || (tag & 0x1f) === 0x1f) throw new RangeError('no DER element');
  let body = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || body + count > limit) throw new RangeError('no definite length');
    length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[body + index] ?? 0);
    if (length < 0x80 || length < 256 ** (count - 1)) throw new RangeError('a length that is not minimal');
    body += count;
  }
  const end = body + length;
  if (end > limit) throw new RangeError('an element that is longer than what it stands in');
  return { tag, start: at, body, end };
}

/** The elements between two places, in order. Throws a RangeError where they do not fill it. */
export function* readElements(bytes: Uint8Array, from: number, to: number): Generator<DerElement> {
  for (let at = from; at < to; ) {
    const element = readElement(bytes, at, to);
    yield element;
    at = element.end;
  }
}

/** An element of these contents. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([derHead(tag, length), ...contents]);
}

function derHead(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length), bytes]);
}

/** An INTEGER that is not negative. */
export function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return (bytes[0] ?? 0) > 0x7f ? derElement(derTag.integer, Buffer.of(0), bytes) : derElement(derTag.integer, bytes);
}

/** An OBJECT IDENTIFIER of dotted numbers. */
export function derOid(dotted: string): Buffer {
  const [one = 0, two = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [one * 40 + two, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return derElement(derTag.oid, Buffer.from(bytes));
}

/** A time as certificates have it (RFC 5280 4.1.2.5): UTCTime until 2049, GeneralizedTime from then on; whole seconds. `ms` since 1970. */
export function derTime(ms: number): Buffer {
  const text = new Date(Math.floor(ms / 1000) * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
  return text < '2050' ? derElement(derTag.utcTime, Buffer.from(text.slice(2))) : derElement(derTag.generalizedTime, Buffer.from(text));
}

/** A time, ms since 1970. Throws a RangeError for what is none. */
export function readTime(bytes: Uint8Array, { tag, body, end }: DerElement): number {
  const text = Buffer.from(bytes.subarray(body, end)).toString('latin1');
  const year = tag === derTag.utcTime ? (text < '50' ? `20${text}` : `19${text}`) : text;
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(year);
  if (match === null || (tag !== derTag.utcTime && tag !== derTag.generalizedTime)) throw new RangeError('no time');
  const [, y, mo, d, h, mi, s] = match;
  const ms = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(ms)) throw new RangeError('no time');
  return ms;
}
