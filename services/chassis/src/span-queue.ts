/** What became of what was to be sent; plain fields. */
export interface SpanCounts {
  exported: number;
  /** The collector did not take them. */
  failed: number;
  /** Too many waited already. */
  queueFull: number;
}

/** What spans are gathered in until they are sent. */
export interface SpanBatch {
  /** Spans in it, and about how many bytes they are. */
  count(): number;
  size(): number;
  /** As bytes; it is empty again. */
  take(): Uint8Array;
}

/** Spans that wait for the collector. */
export interface SpanQueue {
  /** Whether there is room: what is not put in need not be made. What there is none for is counted. */
  hasRoom(): boolean;
  /** One was added to the batch. */
  added(): void;
  /** Sends what waits, one batch after the other. Resolves when nothing is left, or with the first batch that is not taken. */
  flush(): Promise<void>;
  readonly counts: Readonly<SpanCounts>;
}

/** How a queue sends. */
export interface SpanQueueDesk {
  readonly batch: SpanBatch;
  /** Spans that wait at most. */
  readonly most: number;
  /** Resolves when the batch was taken, rejects when it was not; settles in any case. */
  send(bytes: Uint8Array): Promise<void>;
  /** Told when batches begin not to be taken, and when they are again (''). */
  changed(why: string): void;
}

/** A batch is not larger than this and one span. */
const largestBatch = 256 * 1024;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** A bounded queue with one batch under way at most. What was not taken is lost: it was tried often enough. */
export function createSpanQueue({ batch, most, send, changed }: SpanQueueDesk): SpanQueue {
  const counts: SpanCounts = { exported: 0, failed: 0, queueFull: 0 };
  const waiting: Waiting[] = [];
  /** Spans in `waiting`. */
  let waits = 0;
  let under: Promise<void> | undefined;
  let failing = '';

  const note = (why: string): void => {
    if ((why === '') !== (failing === '')) changed(why);
    failing = why;
  };

  const close = (): void => {
    const count = batch.count();
    if (count === 0) return;
    waiting.push({ bytes: batch.take(), count });
    waits += count;
  };

  const next = (): Waiting | undefined => {
    if (waiting.length === 0) close();
    const first = waiting.shift();
    waits -= first?.count ?? 0;
    return first;
  };

  const sendAll = async (): Promise<void> => {
    for (let one = next(); one !== undefined; one = next()) {
      try {
        await send(one.bytes);
        counts.exported += one.count;
        note('');
      } catch (thrown) {
        counts.failed += one.count;
        note(thrown instanceof Error && thrown.message !== '' ? thrown.message : 'it did not take them');
        return;
      }
    }
  };

  return {
    counts,
    hasRoom() {
      if (waits + batch.count() < most) return true;
      counts.queueFull += 1;
      return false;
    },
    added() {
      if (batch.size() >= largestBatch) close();
    },
    flush() {
      under ??= sendAll().finally(() => {
        under = undefined;
      });
      return under;
    },
  };
}
