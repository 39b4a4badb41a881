import type { KeyValue } from '@guildhall/chassis/key-value';
import { type Compiled, createCompile, type Entries } from '../decision/compile.js';
import type { Membership } from '../decision/membership.js';
import { createTable, type Snapshot, type Touched } from './table.js';

/** The membership in force, kept up with the bucket. */
export interface MembershipStore {
  /** Undefined while the bucket holds no community. */
  current(): Membership | undefined;
  /** What the snapshot in force was made from. */
  entries(): Entries | undefined;
  /** The bucket as it was told so far; changes that were told an instant ago may not be in force yet. */
  snapshot(): Snapshot;
  /** Whether everything up to a revision has been told. */
  hasSeen(revision: number): boolean;
  /** Resolves to whether everything up to a revision was in force within so many ms. */
  inForce(revision: number, withinMs: number): Promise<boolean>;
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
  const compile = createCompile();
  let membership: Membership | undefined;
  let entriesInForce: Entries | undefined;
  let first: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading = true;
  let settled = 0;
  const waiting = new Set<() => void>();

  const settle = (): void => {
    clearTimeout(timer);
    timer = undefined;
    first = undefined;
    const entries = table.entries();
    const compiled: Compiled | undefined = entries === undefined ? undefined : compile(entries);
    membership = compiled?.membership;
    entriesInForce = compiled === undefined ? undefined : entries;
    const touched = table.takeTouched();
    settled = table.seen();
    if (compiled === undefined) listener.empty(table.bare());
    else listener.changed(compiled.membership, touched, compiled.problems);
    for (const look of [...waiting]) look();
  };

  const inForce = (revision: number, withinMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(limit);
        waiting.delete(look);
        resolve(settled >= revision);
      };
      const look = (): void => {
        if (settled >= revision) done();
      };
      const limit = setTimeout(done, withinMs);
      waiting.add(look);
      look();
    });

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
    current(lastRevision) {
      table.reached(lastRevision);
      if (!reading) {
        settleSoon();
        return;
      }
      reading = false;
      settle();
    },
  });
  return {
    current: () => membership,
    entries: () => entriesInForce,
    snapshot: () => table.snapshot(),
    hasSeen: (revision) => table.seen() >= revision,
    inForce,
    unusable: () => table.unusable(),
    stop() {
      clearTimeout(timer);
      stopWatching();
    },
  };
}
