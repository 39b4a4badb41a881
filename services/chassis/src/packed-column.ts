/**
 * A repeated field of a protobuf message, or a part of one, while it is gathered, as the bytes that it will be: nothing is kept as numbers and encoded
 * later, and no text is kept alive. Used again and again; it grows to what it needs and stays so.
 */
export interface PackedColumn {
  bytes: Buffer;
  length: number;
}

const smallest = 256;
/** What a varint, or a 64-bit number, takes at most. */
const longest = 10;

/** An empty one. */
export function packedColumn(): PackedColumn {
  return { bytes: Buffer.allocUnsafeSlow(smallest), length: 0 };
}

/** Makes room for so many bytes more. */
export function room(column: PackedColumn, bytes: number): void {
  if (column.length + bytes <= column.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(column.bytes.length * 2, column.length + bytes));
  column.bytes.copy(grown, 0, 0, column.length);
  column.bytes = grown;
}

/** Appends a whole number from 0 to 2^32 - 1 as a varint. Hot path. */
export function putNumber(column: PackedColumn, value: number): void {
  if (column.length + longest > column.bytes.length) room(column, longest);
  const { bytes } = column;
  let at = column.length;
  let left = value >>> 0;
  while (left > 0x7f) {
    bytes[at] = (left & 0x7f) | 0x80;
    left >>>= 7;
    at += 1;
  }
  bytes[at] = left;
  column.length = at + 1;
}

/** Appends a 64-bit number by its halves, little end first. Hot path. */
export function putFixed64(column: PackedColumn, low: number, high: number): void {
  if (column.length + longest > column.bytes.length) room(column, longest);
  column.bytes.writeUInt32LE(low >>> 0, column.length);
  column.bytes.writeUInt32LE(high >>> 0, column.length + 4);
  column.length += 8;
}

/** Appends 32 bits, little end first. */
export function putFixed32(column: PackedColumn, value: number): void {
  if (column.length + longest > column.bytes.length) room(column, longest);
  column.length = column.bytes.writeUInt32LE(value >>> 0, column.length);
}

/** Appends a double. */
export function putDouble(column: PackedColumn, value: number): void {
  if (column.length + longest > column.bytes.length) room(column, longest);
  column.length = column.bytes.writeDoubleLE(value, column.length);
}

/** Appends the bytes that these digits say, fewer than 256 of them, with the tag of their field in front. */
export function putHex(column: PackedColumn, field: number, digits: string): void {
  room(column, 2 * longest + digits.length);
  putTag(column, field, wireType.bytes);
  putNumber(column, digits.length >>> 1);
  column.length += column.bytes.write(digits, column.length, 'hex');
}

/** How what follows a tag says where it ends. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Appends the tag of a field. */
export function putTag(column: PackedColumn, field: number, type: number): void {
  putNumber(column, ((field << 3) | type) >>> 0);
}

/** Appends a text with the tag of its field in front: fields of texts are not packed. Hot path for short texts of ASCII. */
export function putText(column: PackedColumn, field: number, text: string): void {
  const size = text.length;
  room(column, 2 * longest + 3 * size);
  putTag(column, field, wireType.bytes);
  const start = column.length;
  // Most texts are ASCII and shorter than 128 characters: their length is one byte.
  if (size < 0x80 && putAscii(column, text)) return;
  column.length = start;
  putNumber(column, Buffer.byteLength(text, 'utf8'));
  column.length += column.bytes.write(text, column.length, 'utf8');
}

/** False, with nothing of use appended, for what is not all ASCII. */
function putAscii(column: PackedColumn, text: string): boolean {
  const { bytes } = column;
  const size = text.length;
  let at = column.length;
  bytes[at] = size;
  at += 1;
  for (let i = 0; i < size; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    bytes[at + i] = code;
  }
  column.length = at + size;
  return true;
}

/** Appends one column to another as a field of bytes, be it packed or a message; nothing where it is empty. */
export function putColumn(column: PackedColumn, field: number, packed: PackedColumn): void {
  if (packed.length === 0) return;
  room(column, 2 * longest + packed.length);
  putTag(column, field, wireType.bytes);
  putNumber(column, packed.length);
  putBytes(column, packed);
}

/** Appends the bytes of one column to another as they are. */
export function putBytes(column: PackedColumn, { bytes, length }: PackedColumn): void {
  room(column, length);
  bytes.copy(column.bytes, column.length, 0, length);
  column.length += length;
}
