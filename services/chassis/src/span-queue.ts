/** What became of what was to be sent; plain fields. */
export interface SpanCounts {
  exported: number;
  /** The collector did not take them. */
  failed: number;
  /** Too many waited already. */
  queueFull: number;
}

/** Spans that wait for the collector. */
export interface SpanQueue<T> {
  /** Whether there is room: what is not put in need not be made. What there is none for is counted. */
  hasRoom(): boolean;
  put(span: T): void;
  /** Sends what waits, one batch after the other. Resolves when nothing is left, or with the first batch that is not taken. */
  flush(): Promise<void>;
  readonly counts: Readonly<SpanCounts>;
}

/** How a queue sends. */
export interface SpanQueueDesk<T> {
  readonly most: number;
  /** Resolves when the batch was taken, rejects when it was not; settles in any case. */
  send(batch: readonly T[]): Promise<void>;
  /** Told when batches begin not to be taken, and when they are again (''). */
  changed(why: string): void;
}

/** Writing a batch keeps the event loop busy: so many spans take about a millisecond. */
const largestBatch = 128;

/** A bounded queue with one batch under way at most. What was not taken is lost: the exporter has tried it often enough. */
export function createSpanQueue<T>({ most, send, changed }: SpanQueueDesk<T>): SpanQueue<T> {
  const counts: SpanCounts = { exported: 0, failed: 0, queueFull: 0 };
  let waiting: T[] = [];
  let under: Promise<void> | undefined;
  let failing = '';

  const note = (why: string): void => {
    if ((why === '') !== (failing === '')) changed(why);
    failing = why;
  };

  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, largestBatch);
      waiting = waiting.slice(largestBatch);
      try {
        await send(batch);
        counts.exported += batch.length;
        note('');
      } catch (thrown) {
        counts.failed += batch.length;
        note(thrown instanceof Error && thrown.message !== '' ? thrown.message : 'it did not take them');
        return;
      }
    }
  };

  return {
    counts,
    hasRoom() {
      if (waiting.length < most) return true;
      counts.queueFull += 1;
      return false;
    },
    put: (span) => void waiting.push(span),
    flush() {
      under ??= sendAll().finally(() => {
        under = undefined;
      });
      return under;
    },
  };
}
