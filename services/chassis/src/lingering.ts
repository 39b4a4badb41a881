/** Things that are over and still known for a time, which is the same for all: in the order in which they will be forgotten. */
export interface Lingering<T> {
  add(item: T): void;
  /** The one that would be forgotten next; undefined when there is none. */
  oldest(): T | undefined;
}

/** So many that were forgotten are let go of together. */
const together = 1_024;

/** `gone` says whether something is forgotten already, and stays true then. Each item costs the same, however many there are. */
export function createLingering<T>(gone: (item: T) => boolean): Lingering<T> {
  let items: T[] = [];
  let first = 0;

  const oldest = (): T | undefined => {
    let item = items[first];
    while (item !== undefined && gone(item)) {
      first += 1;
      item = items[first];
    }
    if (first >= together && first * 2 >= items.length) {
      items = items.slice(first);
      first = 0;
    }
    return item;
  };

  return {
    oldest,
    add(item) {
      oldest();
      items.push(item);
    },
  };
}
