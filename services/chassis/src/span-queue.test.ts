import { describe, expect, it } from 'vitest';
import { createSpanQueue, type SpanBatch } from './span-queue.js';

/** A queue whose spans have no content but a size, and whose sending is in the test's hands. */
function setting(most = 1_000, spanBytes = 2048) {
  const told: string[] = [];
  const batches: { spans: number; taken: () => void; refused: (why: string) => void }[] = [];
  let count = 0;
  const batch: SpanBatch = {
    count: () => count,
    size: () => count * spanBytes,
    take() {
      const bytes = Buffer.alloc(count);
      count = 0;
      return bytes;
    },
  };
  const queue = createSpanQueue({
    batch,
    most,
    send: (bytes) =>
      new Promise((resolve, reject) => {
        batches.push({ spans: bytes.length, taken: resolve, refused: (why) => reject(new Error(why)) });
      }),
    changed: (why) => told.push(why),
  });
  const fill = (spans: number) => {
    for (let at = 0; at < spans; at += 1) {
      if (!queue.hasRoom()) continue;
      count += 1;
      queue.added();
    }
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { queue, told, batches, fill, turn };
}

describe('spans that wait', () => {
  it('are dropped and counted when there is no room', () => {
    const { queue, fill } = setting(64);
    fill(100);
    expect(queue.counts).toEqual({ exported: 0, failed: 0, queueFull: 36 });
  });

  it('are lost and counted when they are not taken, and that is told once', async () => {
    const { queue, batches, told, fill } = setting();
    for (const why of ['refused', 'still refused']) {
      fill(10);
      const flushed = queue.flush();
      batches.at(-1)?.refused(why);
      await flushed;
    }
    expect(queue.counts).toEqual({ exported: 0, failed: 20, queueFull: 0 });
    expect(told).toEqual(['refused']);
    fill(3);
    const flushed = queue.flush();
    batches.at(-1)?.taken();
    await flushed;
    expect(queue.counts).toEqual({ exported: 3, failed: 20, queueFull: 0 });
    expect(told).toEqual(['refused', '']);
  });

  it('go in batches of a quarter of a MiB, one after the other and never two at once', async () => {
    const { queue, batches, fill, turn } = setting();
    fill(300);
    const flushed = Promise.all([queue.flush(), queue.flush()]);
    for (const expected of [128, 128, 44]) {
      await turn();
      expect(batches).toHaveLength(1);
      const one = batches.pop();
      expect(one?.spans).toBe(expected);
      one?.taken();
    }
    await flushed;
    expect(queue.counts.exported).toBe(300);
  });

  it('stay while the collector does not take the batch before them', async () => {
    const { queue, batches, fill } = setting();
    fill(200);
    const flushed = queue.flush();
    batches[0]?.refused('away');
    await flushed;
    expect(queue.counts).toEqual({ exported: 0, failed: 128, queueFull: 0 });
    const again = queue.flush();
    batches[1]?.taken();
    await again;
    expect(queue.counts).toEqual({ exported: 72, failed: 128, queueFull: 0 });
  });
});
