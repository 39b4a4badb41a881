import type { Ends } from './ends.js';
import type { Loss } from './failover.js';
import type { MemberProxy } from './member.js';
import type { Line } from './queue.js';
import { mayReturn, reverseWay, type Transaction } from './transaction.js';

/** Calls that ring where there is no link any more, until the far side has heard their CANCEL or their time is over. */
export interface Outlasting {
  /** One more. `loss`: its sender is told this now; undefined: it waits for what comes of the CANCEL. */
  begin(transaction: Transaction, loss: Loss | undefined): void;
  /** Its member may have connections again. */
  goOn(transaction: Transaction): void;
}

/** What is done with them meanwhile. */
export interface OutlastingWays {
  /** Waits in a line, within its member's budget. */
  wait(transaction: Transaction, line: Line<Transaction>): void;
  /** What is in the line of this proxy is written. */
  flush(proxy: MemberProxy): void;
  end(transaction: Transaction): void;
  schedule(transaction: Transaction): void;
}

/**
 * The CANCEL waits for the next link to the same proxy (RFC 3261 9.1), or of a member that only dials out to whichever ingress: which connection is the
 * same proxy's nobody knows there.
 */
export function createOutlasting(ends: Pick<Ends, 'lost'>, { wait, flush, end, schedule }: OutlastingWays): Outlasting {
  return {
    begin(transaction, loss) {
      const { member, proxy } = transaction;
      if (loss !== undefined && !transaction.told) ends.lost(transaction, loss);
      transaction.state = 'cancel-again';
      transaction.link = undefined;
      transaction.tryUntil = 0;
      if (proxy?.through !== undefined) {
        transaction.proxy = undefined;
        wait(transaction, member.line);
      } else if (mayReturn(proxy)) {
        wait(transaction, proxy.line);
        if (proxy.condition() === 'up') flush(proxy);
      } else {
        end(transaction);
      }
      schedule(transaction);
    },
    goOn(transaction) {
      const way = reverseWay(transaction);
      transaction.proxy = way;
      wait(transaction, way === undefined ? transaction.member.line : way.line);
      if (way !== undefined) flush(way);
    },
  };
}
