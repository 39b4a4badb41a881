import { createLingering } from '@guildhall/chassis/lingering';
import { createTurnoverMap, type TurnoverMap } from '@guildhall/chassis/turnover-map';
import { createWheel } from '@guildhall/chassis/wheel';
import { downstreamBranch } from '@guildhall/proto/sip/branch';
import type { BranchSpans } from './branch-scan.js';
import type { Transaction } from './transaction.js';

/**
 * The client transactions of this relay, by what their branch is made of, each with its due time. The number comes first: an ingress gives
 * each of its transactions one of its own, and looking a number up costs a third of looking a text up, which has to be made and hashed.
 */
export interface Transactions {
  /** Files a transaction; false if there are as many as there may be, and no INVITE that is over to forget for it. Its due time is set by `schedule`. */
  open(transaction: Transaction): boolean;
  /** The one that this incarnation of an ingress numbers so. */
  find(epoch: string, number: number): Transaction | undefined;
  /** Which transaction a response with this branch in our Via answers. Hot path. */
  match(bytes: Buffer, branch: BranchSpans): Transaction | undefined;
  /** Takes it off the wheel and out of the file. */
  close(transaction: Transaction): void;
  /** An INVITE that is over for its sender, and known for a while yet, unless the room is needed. */
  lingers(transaction: Transaction): void;
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
  const files = new Map<string, Incarnation>();
  /** The one that was looked at last: nearly always the next one too. */
  let last: Incarnation | undefined;
  let size = 0;
  let now = 0;
  const lingering = createLingering<Transaction>(({ state }) => state === 'terminated');
  const fileOf = (epoch: string): Incarnation | undefined => {
    if (last?.epoch === epoch) return last;
    const found = files.get(epoch);
    last = found ?? last;
    return found;
  };
  const wheel = createWheel<Transaction>({ slotMs: settings.slotMs, slots: settings.slots }, (transaction) => {
    if (!transaction.bytesAreOwn) {
      transaction.bytes = Buffer.from(transaction.bytes);
      transaction.bytesAreOwn = true;
    }
    if (dueTime(transaction) <= now) due(transaction, now);
    else wheel.add(transaction, dueTime(transaction));
  });

  const close = (transaction: Transaction): void => {
    wheel.remove(transaction);
    if (fileOf(transaction.epoch)?.held.delete(transaction.number) === true) size -= 1;
  };

  /** A call more is worth more than a 2xx that may be said again of one that is set up, or a CANCEL that may be due of one that failed. */
  const forgetOver = (): boolean => {
    const oldest = lingering.oldest();
    if (oldest === undefined) return false;
    oldest.state = 'terminated';
    close(oldest);
    return true;
  };

  return {
    close,
    lingers: lingering.add,
    open(transaction) {
      if (size >= settings.most && !forgetOver()) return false;
      const { epoch, number } = transaction;
      let file = fileOf(epoch);
      if (file === undefined) {
        file = { epoch, held: createTurnoverMap() };
        files.set(epoch, file);
      }
      file.held.set(number, transaction);
      size += 1;
      return true;
    },
    find: (epoch, number) => fileOf(epoch)?.held.get(number),
    match(bytes, { epoch, epochEnd, transaction: number, loop }) {
      const file =
        last !== undefined && readsAs(bytes, epoch, epochEnd, last.epoch) ? last : fileOf(bytes.toString('latin1', epoch, epochEnd));
      const found = file?.held.get(number);
      return found?.loop === loop ? found : undefined;
    },
    schedule(transaction, at) {
      const time = dueTime(transaction);
      wheel.add(transaction, transaction.bytesAreOwn ? time : Math.min(time, at + copyAfter));
    },
    advance(at) {
      now = at;
      wheel.advance(at);
      for (const file of files.values()) if (file.held.size() === 0 && file !== last) files.delete(file.epoch);
    },
    each(visit) {
      for (const { held } of files.values()) for (const transaction of held.values()) visit(transaction);
    },
    size: () => size,
  };
}

/** The transactions of one incarnation of an ingress, by number. */
interface Incarnation {
  readonly epoch: string;
  readonly held: TurnoverMap<number, Transaction>;
}

function readsAs(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function dueTime(transaction: Transaction): number {
  return transaction.tryUntil === 0 ? transaction.dueAt : Math.min(transaction.tryUntil, transaction.dueAt);
}

/** The branch of a try of a transaction's. */
export function branchOf({ epoch, number, loop }: Transaction, attempt: number): string {
  return downstreamBranch(epoch, number, loop, attempt);
}
