/** Connections in the middle of their handshake: nobody knows yet who they are, so one address must not be able to take every place. */
export interface Handshakes {
  /**
   * Whether one more may begin. When all places are taken, the oldest of the address with by far the most gives way to a newcomer from
   * elsewhere: its `drop` is called. `source` tells the handshakes of an address apart.
   */
  begin(address: string, source: string, drop: () => void): boolean;
  /** It is over, well or not. One that is not known (any more) is no matter. */
  over(address: string, source: string): void;
  size(): number;
}

/** How many times as many as the newcomer's an address must hold to lose one of its places: honest ones that all come back at once never do. */
const farMore = 8;

/** Room for `most` handshakes at a time. */
export function createHandshakes(most: number): Handshakes {
  /** By address, oldest first. */
  const held = new Map<string, Map<string, () => void>>();
  let size = 0;

  const over = (address: string, source: string): void => {
    const here = held.get(address);
    if (here?.delete(source) !== true) return;
    size -= 1;
    if (here.size === 0) held.delete(address);
  };

  /** At most `most` addresses are looked at, and only when all places are taken. */
  const makeRoom = (newcomers: number): boolean => {
    let greedy = '';
    let places = 0;
    for (const [address, { size: here }] of held) {
      if (here <= places) continue;
      greedy = address;
      places = here;
    }
    const oldest = held.get(greedy)?.entries().next().value;
    if (oldest === undefined || places < farMore * newcomers) return false;
    const [source, drop] = oldest;
    over(greedy, source);
    drop();
    return true;
  };

  return {
    over,
    size: () => size,
    begin(address, source, drop) {
      const here = held.get(address);
      // One port of theirs at two of our listeners: too rare to be told apart.
      if (here?.has(source) === true) return false;
      if (size >= most && !makeRoom((here?.size ?? 0) + 1)) return false;
      size += 1;
      if (here === undefined) held.set(address, new Map([[source, drop]]));
      else here.set(source, drop);
      return true;
    },
  };
}
