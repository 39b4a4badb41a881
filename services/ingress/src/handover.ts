import type { Counts } from './counts.js';
import type { Forwards } from './forwards.js';
import { passCancel } from './pass-cancel.js';
import type { Relays } from './relays.js';
import { unanswered } from './server-transaction.js';
import type { ServerTransaction } from './transactions.js';

/** What handing over needs. */
export interface HandoverDesk {
  readonly relays: Relays;
  readonly forwards: Forwards;
  readonly counts: Counts;
  all(): Iterable<ServerTransaction>;
}

/**
 * Hands unanswered requests over again, under the same transaction id and so with the same branch: a relay or a member's proxy that saw
 * the first copy absorbs the second (RFC 3261 17.2.3). `everything` after NATS was away, since then no one knows what
 * arrived; else only what a relay that is gone had. What finds no relay waits for the next call, or for its deadline.
 */
export function handOver({ relays, forwards, counts, all }: HandoverDesk, everything: boolean, now: number): void {
  for (const transaction of all()) {
    const { relay, batch, offset, length } = transaction;
    if (relay === undefined || length === 0 || !unanswered(transaction.state)) continue;
    if (!everything && !relay.gone) continue;
    // A draining relay keeps what it has; only one that is gone loses it.
    const queue = relay.gone ? relays.ownerOf(transaction.target) : relay;
    if (queue === undefined) continue;
    counts.handedOver += 1;
    forwards.requestAgain(queue, transaction, now, batch, offset, offset + length);
    if (transaction.cancel !== undefined) passCancel(forwards, transaction, transaction.cancel, now);
  }
}
