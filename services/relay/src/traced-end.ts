import type { TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import type { Loss } from './failover.js';
import type { Transaction } from './transaction.js';

/** The end of a request of which a trace is made. Times are monotonic ms. */
export interface TracedEnd {
  readonly trace: TracedForward;
  readonly method: string;
  readonly member: string;
  /** "host:port" of the last proxy, "ingress <id>", or '' where none was chosen. */
  readonly link: string;
  readonly tries: number;
  readonly openedAt: number;
  /** First and last writing, 0: never. */
  readonly firstAt: number;
  readonly writtenAt: number;
  readonly endedAt: number;
  /** Of the final answer; 0: none came. */
  readonly status: number;
  /** Why none came: a code of the reason table, or '' where its time was over. */
  readonly code: string;
}

/** Who makes the traces. */
export interface Traces {
  ended(end: TracedEnd): void;
}

/** Tells of the end of a request, if a trace is made of it. Hot path: one field. */
export function traceEnd(traces: Traces, transaction: Transaction, now: number, status: number, loss: Loss | undefined): void {
  const { trace } = transaction;
  if (trace === undefined || transaction.told) return;
  traces.ended({
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
    code: loss?.code ?? '',
  });
}
