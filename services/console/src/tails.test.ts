import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { TailRecordsResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { createRecordReader } from '@guildhall/proto/records/record-columns';
import { describe, expect, it, vi } from 'vitest';
import { wantedBy } from './record-filter.js';
import { batchOf, payloadOf } from './records.stage.js';
import { emptyFilter } from './search.js';
import { createTails, type Tails } from './tails.js';

const all = wantedBy(emptyFilter, []);

function tell(tails: Tails, records: number, whole = vi.fn(() => batchOf(some(records)))) {
  const columns = createRecordReader()(payloadOf(some(records)));
  if (columns === undefined) throw new Error('a batch of our own means nothing');
  tails.tell(columns, whole);
  return whole;
}

function some(count: number) {
  return Array.from({ length: count }, (_, index) => ({ callId: `call-${index}` }));
}

/** A receiver that waits for its first records. */
function receiver(tails: Tails, signal = new AbortController().signal) {
  const records = tails.receive(all, signal)[Symbol.asyncIterator]();
  return { first: records.next(), next: async (): Promise<TailRecordsResponse> => (await records.next()).value };
}

describe('who receives records as they come', () => {
  it('is refused where too many do', async () => {
    const tails = createTails({ receivers: 1, waiting: 10 }, () => undefined);
    receiver(tails);
    await expect(tails.receive(all, new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toThrow(ApiFault);
  });

  it('and reads too slowly keeps no more than may wait, however much comes, and is told how much it missed', async () => {
    const tails = createTails({ receivers: 1, waiting: 10 }, () => undefined);
    const { first, next } = receiver(tails);
    tell(tails, 1);
    await first;
    tell(tails, 6);
    tell(tails, 6);
    const full = tell(tails, 6);
    // Nothing is read for whom there is no room.
    expect(full).not.toHaveBeenCalled();
    const { records, skipped } = await next();
    expect([records.length, skipped]).toEqual([10, 8n]);
    tell(tails, 2);
    expect(await next()).toMatchObject({ records: [{}, {}], skipped: 0n });
  });

  it('ends with its signal, and makes room for another', async () => {
    const changes: number[] = [];
    const tails = createTails({ receivers: 1, waiting: 10 }, (by) => changes.push(by));
    const ending = new AbortController();
    const { first } = receiver(tails, ending.signal);
    ending.abort();
    expect((await first).done).toBe(true);
    receiver(tails);
    expect(changes).toEqual([1, -1, 1]);
  });
});
