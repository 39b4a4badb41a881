import { ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import type { Forwards } from './forwards.js';
import type { ServerTransaction } from './transactions.js';

/** Hands a CANCEL to the relay that has the INVITE, under the INVITE's transaction id. */
export function passCancel(forwards: Forwards, transaction: ServerTransaction, bytes: Buffer, now: number): void {
  if (transaction.relay === undefined) return;
  forwards.add(
    transaction.relay,
    {
      kind: ForwardKind.CANCEL,
      transaction: transaction.id,
      member: transaction.target,
      source: transaction.wire.source,
      recordRoute: '',
      loop: transaction.loop,
      wait: transaction.deadline - now,
    },
    bytes,
    0,
    bytes.length,
  );
}
