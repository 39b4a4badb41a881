/** Looks a name up: what belongs to bytes[start, end), or undefined. */
export type NameTable<T> = (bytes: Uint8Array, start: number, end: number) => T | undefined;

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

const buckets = 1_024;

/**
 * A table of ASCII names that is asked with bytes and allocates nothing. Names are found by length and first letter, then compared byte by byte.
 * `foldCase`: names are given in lower case and match in any letter case. The bytes asked for must then be a token: of all characters that
 * setting one bit makes equal to a letter, digit or `-`, only letters are in tokens.
 */
export function createNameTable<T>(names: Iterable<readonly [string, T]>, foldCase: boolean): NameTable<T> {
  const table: Entry<T>[][] = Array.from({ length: buckets }, () => []);
  const longest = buckets / 32;
  const fold = foldCase ? 0x20 : 0;
  for (const [name, value] of names) {
    const bytes = Uint8Array.from(name, (letter) => letter.charCodeAt(0));
    table[bucketOf(bytes[0] ?? 0, bytes.length)]?.push({ bytes, value });
  }
  return (bytes, start, end) => {
    const length = end - start;
    if (length <= 0 || length >= longest) return undefined;
    const bucket = table[bucketOf(bytes[start] ?? 0, length)];
    if (bucket !== undefined) {
      for (let i = 0; i < bucket.length; i++) {
        const entry = bucket[i];
        if (entry !== undefined && isSame(entry.bytes, bytes, start, fold)) return entry.value;
      }
    }
    return undefined;
  };
}

function bucketOf(first: number, length: number): number {
  return (length << 5) | (first & 0x1f);
}

function isSame(name: Uint8Array, bytes: Uint8Array, start: number, fold: number): boolean {
  for (let i = 0; i < name.length; i++) if (((bytes[start + i] ?? 0) | fold) !== name[i]) return false;
  return true;
}
