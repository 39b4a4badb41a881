import { describe, expect, it } from 'vitest';
import { createSpanQueue } from './span-queue.js';

/** A queue of numbers whose sending is in the test's hands. */
function setting(most = 1_000) {
  const told: string[] = [];
  const batches: { batch: readonly number[]; taken: () => void; refused: (why: string) => void }[] = [];
  const queue = createSpanQueue<number>({
    most,
    send: (batch) =>
      new Promise((resolve, reject) => void batches.push({ batch, taken: resolve, refused: (why) => reject(new Error(why)) })),
    changed: (why) => told.push(why),
  });
  const fill = (count: number) => {
    for (let at = 0; at < count; at += 1) if (queue.hasRoom()) queue.put(at);
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

  it('go one batch after the other, never two at once', async () => {
    const { queue, batches, fill, turn } = setting();
    fill(300);
    const flushed = Promise.all([queue.flush(), queue.flush()]);
    for (const expected of [128, 128, 44]) {
      await turn();
      expect(batches).toHaveLength(1);
      const one = batches.pop();
      expect(one?.batch).toHaveLength(expected);
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
