/**
 * Protocol buffers as they stand on the wire, read by field number and nothing else: what is told by a schema in public must be readable by
 * who has only that schema, so this knows no generated code.
 */
export interface Fields {
  /** A scalar; 0 or '' where it is not there, the last where it is there more than once. */
  number(field: number): number;
  big(field: number): bigint;
  text(field: number): string;
  /** Every value of a repeated field, packed or not, in order. */
  numbers(field: number): readonly number[];
  bigs(field: number): readonly bigint[];
  texts(field: number): readonly string[];
  bytes(field: number): readonly Uint8Array[];
}

/** Reads one message. Throws a RangeError where the bytes end too early or are none. */
export function readFields(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const loose = new Map<number, bigint[]>();
  const chunks = new Map<number, Uint8Array[]>();
  const add = <T>(map: Map<number, T[]>, field: number, value: T) => {
    const known = map.get(field);
    if (known === undefined) map.set(field, [value]);
    else known.push(value);
  };
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = varint(view, at);
    const [field, type] = [Number(tag >> 3n), Number(tag & 7n)];
    at = afterTag;
    if (type === 0) {
      const [value, next] = varint(view, at);
      add(loose, field, value);
      at = next;
    } else if (type === 1) {
      add(loose, field, view.getBigUint64(at, true));
      at += 8;
    } else if (type === 5) {
      add(loose, field, BigInt(view.getUint32(at, true)));
      at += 4;
    } else if (type === 2) {
      const [length, start] = varint(view, at);
      const end = start + Number(length);
      if (end > bytes.length) throw new RangeError(`field ${field} says ${length} bytes, ${bytes.length - start} are left`);
      add(chunks, field, bytes.subarray(start, end));
      at = end;
    } else throw new RangeError(`field ${field} has the wire type ${type}`);
  }
  const bigs = (field: number) => [...(loose.get(field) ?? []), ...(chunks.get(field) ?? []).flatMap(packed)];
  const texts = (field: number) => (chunks.get(field) ?? []).map((chunk) => new TextDecoder('utf-8', { fatal: true }).decode(chunk));
  return {
    bigs,
    texts,
    numbers: (field) => bigs(field).map(Number),
    big: (field) => bigs(field).at(-1) ?? 0n,
    number: (field) => Number(bigs(field).at(-1) ?? 0n),
    text: (field) => texts(field).at(-1) ?? '',
    bytes: (field) => chunks.get(field) ?? [],
  };
}

/** The values of a packed field of fixed64. */
export function fixed64s(chunks: readonly Uint8Array[]): readonly bigint[] {
  return chunks.flatMap((chunk) => {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return Array.from({ length: chunk.length / 8 }, (_, index) => view.getBigUint64(index * 8, true));
  });
}

function packed(chunk: Uint8Array): bigint[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const values: bigint[] = [];
  for (let at = 0; at < chunk.length; ) {
    const [value, next] = varint(view, at);
    values.push(value);
    at = next;
  }
  return values;
}

/** The varint at an offset, and where what follows begins. */
function varint(view: DataView, from: number): [value: bigint, next: number] {
  let value = 0n;
  for (let at = from, shift = 0n; shift < 70n; at += 1, shift += 7n) {
    const byte = view.getUint8(at);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at + 1];
  }
  throw new RangeError(`the number at ${from} does not end`);
}
