import type { StreamPublisher } from '@guildhall/chassis/stream-publisher';
import { traceHighOf } from '@guildhall/chassis/trace-context';
import { createRecordColumns, type RecordFacts } from './record-columns.js';
import type { RecordUsers } from './record-users.js';

/** How many records there were, and what became of them. */
export interface RecordCounts {
  made: number;
  stored: number;
  dropped: number;
}

/** Gathers records and hands them to JetStream, a batch at a time. */
export interface RecordKeeping {
  /** Hot path. */
  add(facts: RecordFacts): void;
  /** Hands over what is gathered; to be called every interval. */
  flush(): void;
  readonly counts: Readonly<RecordCounts>;
  /** Records that are gathered or on their way. */
  waiting(): number;
  /** Hands over what is gathered and waits for what is on its way, for so many ms. */
  finish(ms: number): Promise<void>;
  close(): void;
}

/** Whose records they are, and how they are kept. */
export interface KeepingDesk {
  readonly ingress: string;
  readonly epoch: string;
  readonly subject: string;
  readonly batchCount: number;
  readonly batchBytes: number;
  readonly users: RecordUsers;
  readonly counts: RecordCounts;
  readonly publisher: StreamPublisher;
  /** Monotonic and wall ms. */
  clock(): number;
  wall(): number;
}

/** The publisher is told of `counts` by whoever made it: stored and dropped. */
export function createRecordKeeping(desk: KeepingDesk): RecordKeeping {
  const { counts, publisher, users, epoch } = desk;
  const columns = createRecordColumns({
    ingress: desk.ingress,
    epoch,
    traceHigh: BigInt(`0x${traceHighOf(epoch)}`),
    batchCount: desk.batchCount,
    batchBytes: desk.batchBytes,
  });

  const flush = (): void => {
    const count = columns.count();
    if (count === 0) return;
    const first = counts.made - count + 1;
    publisher.publish(desk.subject, columns.take(first, counts.dropped, desk.clock(), desk.wall()), `${epoch}.${first}`, count);
  };

  return {
    flush,
    counts,
    add(facts) {
      const told = users.now();
      if (!columns.add(facts, told)) {
        flush();
        columns.add(facts, told);
      }
      counts.made += 1;
    },
    waiting: () => columns.count() + publisher.waiting(),
    async finish(ms) {
      flush();
      await publisher.finish(ms);
    },
    close() {
      flush();
      publisher.close();
    },
  };
}
