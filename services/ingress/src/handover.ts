import type { Counts } from './counts.js';
import type { Forwards, RelayQueue } from './forwards.js';
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

/** Whose forwards go again: of all relays, of those that are gone, or of these as well. */
export type Again = 'all' | ReadonlySet<RelayQueue>;

/**
 * Hands unanswered requests over again, under the same transaction id and so with the same branch: a relay or a member's proxy that saw
 * the first copy absorbs the second (RFC 3261 17.2.3). All of them after NATS was away here, since then no one knows what arrived; those of
 * a relay that came back to NATS, to that relay; and always those that a relay had that is gone. What finds no relay waits for the next
 * call, or for its deadline.
 */
export function handOver({ relays, forwards, counts, all }: HandoverDesk, again: Again, now: number): void {
  for (const transaction of all()) {
    const { relay, batch, offset, length } = transaction;
    if (relay === undefined || length === 0 || !unanswered(transaction.state)) continue;
    if (!relay.gone && again !== 'all' && !again.has(relay)) continue;
    // A draining relay keeps what it has; only one that is gone loses it.
    const queue = relay.gone ? relays.ownerOf(transaction.target) : relay;
    if (queue === undefined) continue;
    counts.handedOver += 1;
    forwards.requestAgain(queue, transaction, now, batch, offset, offset + length);
    if (transaction.cancel !== undefined) passCancel(forwards, transaction, transaction.cancel, now);
  }
}
