import { createWheel } from '@guildhall/chassis/wheel';
import { downstreamBranch, readBranch } from '@guildhall/proto/sip/branch';
import type { Transaction } from './transaction.js';

/** The client transactions of this relay, by branch, each with its due time. */
export interface Transactions {
  /** Files a transaction; false if there are as many as there may be. Its due time is set by `schedule`. */
  open(transaction: Transaction): boolean;
  /** Under the branch of its first try. */
  find(key: string): Transaction | undefined;
  /** Which transaction, and which of its tries, a response with this branch in our Via answers. */
  match(branch: string): Transaction | undefined;
  /** Takes it off the wheel and out of the file. */
  close(transaction: Transaction): void;
  /** When it is looked at next: the earliest of its due times. */
  schedule(transaction: Transaction, now: number): void;
  /** Calls `due` for every transaction whose time has come. */
  advance(now: number): void;
  /** Over all; the callback may close the one it is given. */
  each(visit: (transaction: Transaction) => void): void;
  size(): number;
}

/** Time after which the bytes of an unanswered request are copied out of its batch, ms. */
const copyAfter = 1000;

/** Bounds of the table, and the shape of the wheel that its due times are on (ms a slot). */
export interface TransactionsSettings {
  /** How many there may be at a time. */
  readonly most: number;
  /** The clock's slots. */
  readonly slotMs: number;
  readonly slots: number;
}

/** An empty table. `due` is called from `advance` with each transaction whose time has come; it may close it. */
export function createTransactions(settings: TransactionsSettings, due: (transaction: Transaction, now: number) => void): Transactions {
  const held = new Map<string, Transaction>();
  let now = 0;
  const wheel = createWheel<Transaction>({ slotMs: settings.slotMs, slots: settings.slots }, (transaction) => {
    if (!transaction.bytesAreOwn) {
      transaction.bytes = Buffer.from(transaction.bytes);
      transaction.bytesAreOwn = true;
    }
    if (dueTime(transaction) <= now) due(transaction, now);
    else wheel.add(transaction, dueTime(transaction));
  });

  return {
    open(transaction) {
      if (held.size >= settings.most) return false;
      held.set(transaction.key, transaction);
      return true;
    },
    find: (key) => held.get(key),
    match(branch) {
      const first = held.get(branch);
      if (first !== undefined) return first;
      const parts = readBranch(branch);
      if (parts === undefined || parts.attempt === 0) return undefined;
      return held.get(downstreamBranch(parts.epoch, parts.transaction, parts.loop, 0));
    },
    close(transaction) {
      wheel.remove(transaction);
      held.delete(transaction.key);
    },
    schedule(transaction, at) {
      const time = dueTime(transaction);
      wheel.add(transaction, transaction.bytesAreOwn ? time : Math.min(time, at + copyAfter));
    },
    advance(at) {
      now = at;
      wheel.advance(at);
    },
    each(visit) {
      for (const transaction of held.values()) visit(transaction);
    },
    size: () => held.size,
  };
}

function dueTime(transaction: Transaction): number {
  return transaction.tryUntil === 0 ? transaction.dueAt : Math.min(transaction.tryUntil, transaction.dueAt);
}

/** The branch of the try a transaction is at. */
export function branchOf(transaction: Transaction, attempt: number): string {
  return attempt === 0 ? transaction.key : downstreamBranch(transaction.epoch, transaction.number, transaction.loop, attempt);
}

/** Which try of its transaction this branch names. */
export function attemptOf(transaction: Transaction, branch: string): number {
  return branch === transaction.key ? 0 : (readBranch(branch)?.attempt ?? 0);
}
