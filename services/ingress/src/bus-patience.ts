import type { Bus } from '@guildhall/chassis/bus';
import { reasons } from '@guildhall/proto/reason';
import type { Responses } from './responses.js';
import { unanswered } from './server-transaction.js';
import type { Transactions } from './transactions.js';

/** Whether requests are taken while NATS is away for a moment. */
export interface BusPatience {
  /** NATS is there, or has been away for less than the patience. Hot path. */
  takes(): boolean;
  close(): void;
}

/**
 * A client that goes on to the next server of a cluster is away for a moment. What comes in meanwhile is filed, and said when NATS is back like
 * all that is unanswered; only when it stays away longer than `most` ms nothing more is taken, and `over` is told since when (`clock`'s
 * ms) nothing was said, so that those requests can be refused.
 */
export function createBusPatience(
  bus: Pick<Bus, 'connected' | 'onConnected'>,
  most: number,
  clock: () => number,
  over: (since: number) => void,
): BusPatience {
  let takes = bus.connected();
  let timer: NodeJS.Timeout | undefined;
  const stop = bus.onConnected((up) => {
    clearTimeout(timer);
    if (up) {
      takes = true;
      return;
    }
    const since = clock();
    const end = (): void => {
      takes = false;
      over(since);
    };
    if (most === 0) end();
    else timer = setTimeout(end, most).unref();
  });
  return {
    takes: () => takes,
    close() {
      clearTimeout(timer);
      stop();
    },
  };
}

/** Refuses what came since a moment (monotonic ms) and is not answered: none of it was said to anybody. */
export function refuseSince(
  { transactions, responses }: { readonly transactions: Transactions; readonly responses: Responses },
  since: number,
  now: number,
): void {
  for (const transaction of transactions.all())
    if (transaction.openedAt >= since && unanswered(transaction.state))
      responses.refuse(transaction, 503, 'hub-unavailable', reasons['hub-unavailable'].about, now);
}
