import type { Instance } from '@guildhall/chassis/roster';
import type { Transaction } from './transaction.js';
import type { Transactions } from './transactions.js';

/** INVITEs whose ingress is gone, and with it whoever would hear their answer: who rings is told to stop, and not left to Timer C. */
export interface ForsakenCalls {
  /** These ingresses are there now. */
  rosterChanged(ingresses: Iterable<Pick<Instance, 'id' | 'epoch'>>, now: number): void;
  /** To be called every so often. */
  tend(now: number): void;
}

/** An ingress may be back so long after it was last heard of, with its callers, ms: as long as it is kept what it was not told. */
const awayTime = 32_000;

/** An incarnation of an ingress; `goneAt`: when what it asked is cancelled, infinite while it is there. */
interface Incarnation {
  readonly id: string;
  goneAt: number;
}

/** Nobody is known yet. An incarnation that has a successor is gone for certain; one that fell silent may be back. */
export function createForsakenCalls(transactions: Pick<Transactions, 'each'>, cancel: (transaction: Transaction) => void): ForsakenCalls {
  const known = new Map<string, Incarnation>();
  return {
    rosterChanged(ingresses, now) {
      const present = new Map<string, string>();
      for (const { id, epoch } of ingresses) {
        present.set(id, epoch);
        known.set(epoch, { id, goneAt: Number.POSITIVE_INFINITY });
      }
      for (const [epoch, one] of known) {
        const lives = present.get(one.id);
        if (lives !== epoch) one.goneAt = Math.min(one.goneAt, lives === undefined ? now + awayTime : now);
      }
    },
    tend(now) {
      for (const [epoch, { goneAt }] of known) {
        if (now < goneAt) continue;
        known.delete(epoch);
        transactions.each((transaction) => {
          if (transaction.epoch === epoch && transaction.kind === 'invite' && !transaction.told) cancel(transaction);
        });
      }
    },
  };
}
