import { noteEnd } from './course.js';
import type { Loss } from './failover.js';
import type { TracedEnd, Traces } from './traced-end.js';
import type { Transaction } from './transaction.js';

/** How ingress is told of a transaction, and what is noted of its end. */
export interface Ends {
  /** A response is passed on: its new head, and source[start, end) as its body. */
  response(transaction: Transaction, status: number, head: string, source: Buffer, start: number, end: number): void;
  /** No response will come. */
  lost(transaction: Transaction, loss: Loss): void;
  /** Its time is over. Nobody is told: its ingress has answered by itself. */
  expired(transaction: Transaction): void;
}

/** `clock` is monotonic ms. */
export function createEnds(clock: () => number, traces: Traces): Ends {
  /** What costs nothing but a look at a field where no trace is made. */
  const note = (transaction: Transaction, status: number, code: string): void => {
    const now = clock();
    noteEnd(transaction, now);
    if (transaction.trace !== undefined) traces.ended(tracedEnd(transaction, transaction.trace, now, status, code));
  };
  return {
    response(transaction, status, head, source, start, end) {
      const isEnd = status >= 200;
      if (isEnd && !transaction.told) note(transaction, status, '');
      transaction.back.response(transaction.number, status, transaction, head, source, start, end);
      if (isEnd) transaction.told = true;
    },
    lost(transaction, loss) {
      if (!transaction.told) note(transaction, 0, loss.code);
      transaction.back.gone(transaction.number, loss, transaction);
      transaction.told = true;
    },
    expired(transaction) {
      if (!transaction.told && transaction.trace !== undefined) note(transaction, 0, '');
    },
  };
}

function tracedEnd(transaction: Transaction, trace: TracedEnd['trace'], now: number, status: number, code: string): TracedEnd {
  return {
    trace,
    method: transaction.method,
    member: transaction.member.id,
    link: transaction.address,
    tries: transaction.tries,
    openedAt: transaction.arrivedAt,
    firstAt: transaction.firstAt,
    writtenAt: transaction.lastAt,
    endedAt: now,
    status,
    code,
  };
}
