/** A column with an entry a transaction that grows with them: typed arrays, as every message passes here. */
export interface Column<A extends ColumnArray> {
  /** The array now; one that has grown is another. */
  readonly array: A;
  /** Makes room for entry `index`; new entries are 0. */
  reach(index: number): void;
}

/** What a column is made of. */
export type ColumnArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const first = 65_536;

/** An empty column of such arrays. */
export function createColumn<A extends ColumnArray>(make: (length: number) => A): Column<A> {
  let array = make(first);
  return {
    get array() {
      return array;
    },
    reach(index) {
      if (index < array.length) return;
      const grown = make(Math.max(index + 1, array.length * 2));
      grown.set(array);
      array = grown;
    },
  };
}

/** One more at `index`, up to 255. */
export function countOne(array: Uint8Array, index: number): void {
  const value = array[index] ?? 0;
  if (value < 255) array[index] = value + 1;
}
