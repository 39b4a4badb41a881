import { createSlices } from '@guildhall/chassis/slices';
import type { Turn } from '@guildhall/chassis/turn';
import type { Events } from './events.js';
import { Failure } from './failover.js';
import type { Link, MemberProxy } from './member.js';
import { saysCancelOnly, type Transaction } from './transaction.js';
import type { Transactions } from './transactions.js';

/** What becomes of what a link carried, or was to carry, when it is not there. */
export interface LostLinks {
  /** A dial failed: what waits goes over another link, or elsewhere unless one is still being dialled. */
  fail(proxy: MemberProxy): void;
  /** A lost link is being redialled: what it carried waits for that, under the same branch. */
  requeue(link: Link, proxy: MemberProxy): void;
  /**
   * What was written to a link, or to it by this time (monotonic ms) and not twice, may have been lost on the way: what is unanswered is written again
   * under the same branch.
   */
  repeat(link: Link, proxy: MemberProxy, by?: number): void;
  /** A link, of this proxy where it was dialled, is gone: what it carried goes elsewhere. */
  orphan(link: Link, proxy?: MemberProxy): void;
}

/** Where transactions go then. */
export interface LostLinksWays {
  /** To the next proxy, or to its end. */
  retry(transaction: Transaction, failure: number): void;
  /** Into the line of its proxy: the same try goes on over the next link. */
  hold(transaction: Transaction, proxy: MemberProxy): void;
  /** What is in that line is written. */
  flush(proxy: MemberProxy): void;
}

/** ms of a turn for what a lost link carried, of which there may be thousands. */
const orphansATurn = 3;

/** How often the same request is written to the same proxy again because its connection was lost. */
const mostResends = 1;

/** A transaction that a link carried when it was lost. */
interface Orphan {
  readonly transaction: Transaction;
  readonly link: Link;
  readonly failure: number;
}

/** `clock` is monotonic ms. */
export function createLostLinks(
  transactions: Transactions,
  { retry, hold, flush }: LostLinksWays,
  turn: Turn,
  clock: () => number,
  events: Events,
): LostLinks {
  const again = (transaction: Transaction, proxy: MemberProxy): void => {
    events.resends += 1;
    hold(transaction, proxy);
  };

  const orphans = createSlices<Orphan>(turn, orphansATurn, clock, ({ transaction, link, failure }) => {
    // Meanwhile it may have ended, or gone elsewhere.
    if (transaction.link === link) retry(transaction, failure);
  });

  return {
    fail(proxy) {
      const condition = proxy.condition();
      // Another link of it takes what waited for this one.
      if (condition === 'up') flush(proxy);
      if (condition === 'up' || condition === 'opening') return;
      proxy.line.drain((transaction) => retry(transaction, proxy.fault() || Failure.unreachable));
    },
    requeue(link, proxy) {
      transactions.each((transaction) => {
        if (transaction.link !== link || transaction.state === 'accepted') return;
        // A CANCEL opens nothing, however often it is said.
        if (transaction.resends >= mostResends && !saysCancelOnly(transaction)) {
          retry(transaction, Failure.unreachable);
          return;
        }
        transaction.resends += 1;
        again(transaction, proxy);
      });
      if (proxy.condition() === 'up') flush(proxy);
    },
    repeat(link, proxy, by) {
      transactions.each((transaction) => {
        if (transaction.link !== link || transaction.state === 'accepted') return;
        if (by !== undefined) {
          if (transaction.lastAt > by || transaction.resends >= mostResends) return;
          transaction.resends += 1;
        }
        again(transaction, proxy);
      });
      flush(proxy);
    },
    orphan(link, proxy) {
      const failure = proxy?.fault() || Failure.unreachable;
      transactions.each((transaction) => {
        if (transaction.link === link) orphans.take({ transaction, link, failure });
      });
    },
  };
}
