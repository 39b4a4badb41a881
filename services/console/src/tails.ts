import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { RecordBatch } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { TailRecordsResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { RoutingRecord } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { routingRecord } from '@guildhall/proto/records/read-batch';
import type { RecordColumns } from '@guildhall/proto/records/record-columns';
import type { Wanted } from './record-filter.js';

/** Hands records on as they come. */
export interface Tails {
  /** A batch that was just read; `whole` decodes it. */
  tell(batch: RecordColumns, whole: () => RecordBatch | undefined): void;
  /** Records that fit, some at a time, until the signal. What a slow reader leaves is counted. Throws an ApiFault when too many receive. */
  receive(wanted: Wanted, signal: AbortSignal): AsyncIterable<TailRecordsResponse>;
}

interface Tail {
  readonly wanted: Wanted;
  waiting: RoutingRecord[];
  skipped: number;
  wake: (() => void) | undefined;
}

/** Records of one response. */
const atOnce = 200;

/** `changed` is told of each receiver that begins (1) and ends (-1). */
export function createTails(most: { readonly receivers: number; readonly waiting: number }, changed: (by: 1 | -1) => void): Tails {
  const tails = new Set<Tail>();

  const give = (tail: Tail, batch: RecordColumns, whole: () => RecordBatch | undefined): void => {
    const fitting = tail.wanted.fitting(batch);
    if (fitting.length === 0) return;
    const room = most.waiting - tail.waiting.length;
    const decoded = room > 0 ? whole() : undefined;
    const taken = decoded === undefined ? [] : fitting.slice(0, room).map((index) => routingRecord(decoded, index));
    tail.waiting.push(...taken);
    tail.skipped += fitting.length - taken.length;
    tail.wake?.();
  };

  return {
    tell(batch, whole) {
      if (tails.size === 0) return;
      let decoded: RecordBatch | undefined;
      const once = (): RecordBatch | undefined => {
        decoded ??= whole();
        return decoded;
      };
      for (const tail of tails) give(tail, batch, once);
    },
    async *receive(wanted, signal) {
      if (tails.size >= most.receivers) throw new ApiFault('limit', `${most.receivers} receive records already`, 'end one of them');
      const tail: Tail = { wanted, waiting: [], skipped: 0, wake: undefined };
      const end = (): void => tail.wake?.();
      signal.addEventListener('abort', end);
      tails.add(tail);
      changed(1);
      try {
        while (!signal.aborted) {
          if (tail.waiting.length > 0 || tail.skipped > 0) {
            const records = tail.waiting.splice(0, atOnce);
            // What was left out came behind all that waits.
            const skipped = tail.waiting.length === 0 ? tail.skipped : 0;
            tail.skipped -= skipped;
            yield { records, skipped: BigInt(skipped) };
          } else await new Promise<void>((resolve) => (tail.wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', end);
        tails.delete(tail);
        changed(-1);
      }
    },
  };
}
