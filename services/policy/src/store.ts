import type { KeyValue } from '@guildhall/chassis/key-value';
import { type Compiled, compile, type Entries } from './compile.js';
import type { Membership } from './membership.js';
import { createTable, type Touched } from './table.js';

/** The membership in force, kept up with the bucket. */
export interface MembershipStore {
  /** Undefined while the bucket holds no community. */
  current(): Membership | undefined;
  /** What the snapshot in force was made from. */
  entries(): Entries | undefined;
  /** Keys of the bucket whose values cannot be used. */
  unusable(): number;
  stop(): void;
}

/** What the store tells. */
export interface StoreListener {
  /** A new snapshot is in force. `problems` are sentences about entries that could not be used as they are. */
  changed(membership: Membership, touched: Touched, problems: readonly string[]): void;
  /** The bucket holds no community (any more), or one of a model that is not known; `bare`: it holds nothing at all. */
  empty(bare: boolean): void;
  /** A value was skipped. */
  unusable(key: string, why: string): void;
}

/** When to compile: after so many ms without a change, but no later than so many ms after the first. */
export interface Settling {
  readonly quietMs: number;
  readonly mostMs: number;
}

/**
 * Follows the bucket and compiles once a burst of changes is over. The first snapshot is there when the promise resolves,
 * if there is a community. Rejects with a KeyValueError when the bucket cannot be read.
 */
export async function followMembership(bucket: KeyValue, settling: Settling, listener: StoreListener): Promise<MembershipStore> {
  const table = createTable();
  let membership: Membership | undefined;
  let inForce: Entries | undefined;
  let first: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading = true;

  const settle = (): void => {
    clearTimeout(timer);
    timer = undefined;
    first = undefined;
    const entries = table.entries();
    const compiled: Compiled | undefined = entries === undefined ? undefined : compile(entries);
    membership = compiled?.membership;
    inForce = compiled === undefined ? undefined : entries;
    const touched = table.takeTouched();
    if (compiled === undefined) listener.empty(table.bare());
    else listener.changed(compiled.membership, touched, compiled.problems);
  };

  const settleSoon = (): void => {
    const now = performance.now();
    first ??= now;
    clearTimeout(timer);
    timer = setTimeout(settle, Math.max(0, Math.min(settling.quietMs, first + settling.mostMs - now)));
  };

  const stopWatching = await bucket.watch({
    entry(entry) {
      const why = table.apply(entry);
      if (why !== undefined) listener.unusable(entry.key, why);
      if (!reading) settleSoon();
    },
    current() {
      if (!reading) return;
      reading = false;
      settle();
    },
  });
  return {
    current: () => membership,
    entries: () => inForce,
    unusable: () => table.unusable(),
    stop() {
      clearTimeout(timer);
      stopWatching();
    },
  };
}
