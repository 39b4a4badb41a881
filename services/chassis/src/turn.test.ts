import { describe, expect, it, vi } from 'vitest';
import { createTurn, type Job } from './turn.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function jobs(order: string[]) {
  return (name: string, work: () => void = () => undefined): Job => ({
    queued: false,
    run() {
      order.push(name);
      work();
    },
  });
}

describe('a turn', () => {
  it('runs nothing before the sockets were read', async () => {
    const order: string[] = [];
    const turn = createTurn();
    turn.later(jobs(order)('a'));
    await Promise.resolve();
    expect(order).toEqual([]);
    await nextTurn();
    expect(order).toEqual(['a']);
  });

  it('runs each job once, in the order they were first queued', async () => {
    const order: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => jobs(order)(name));
    const turn = createTurn();
    for (const job of [b, a, b, a, b]) if (job !== undefined) turn.later(job);
    await nextTurn();
    await nextTurn();
    expect(order).toEqual(['b', 'a']);
  });

  it('runs a job queued by a running one in the next turn', async () => {
    const order: string[] = [];
    const turn = createTurn();
    const job = jobs(order);
    const other = job('other');
    let again = true;
    const self = job('self', () => {
      turn.later(other);
      if (again) turn.later(self);
      again = false;
    });
    turn.later(self);
    await nextTurn();
    expect(order).toEqual(['self']);
    await nextTurn();
    expect(order).toEqual(['self', 'other', 'self']);
    await nextTurn();
    expect(order).toEqual(['self', 'other', 'self', 'other']);
  });

  it('takes one setImmediate for a turn, however many jobs', async () => {
    const schedule = vi.spyOn(globalThis, 'setImmediate');
    try {
      const turn = createTurn();
      for (let index = 0; index < 100; index += 1) turn.later(jobs([])(`${index}`));
      expect(schedule).toHaveBeenCalledTimes(1);
    } finally {
      schedule.mockRestore();
    }
    await nextTurn();
  });

  it('runs the others in the next turn when one throws', async () => {
    const order: string[] = [];
    const thrown: unknown[] = [];
    const job = jobs(order);
    const turn = createTurn();
    const broken = job('broken', () => {
      throw new Error('boom');
    });
    // Vitest listens for what nobody caught: take its place for this test.
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => thrown.push(error));
    try {
      for (const one of [job('a'), broken, job('b'), job('c')]) turn.later(one);
      await nextTurn();
      await nextTurn();
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(order).toEqual(['a', 'broken', 'b', 'c']);
    expect(thrown).toHaveLength(1);
    turn.later(broken);
    expect(broken.queued).toBe(true);
    broken.run = () => undefined;
    await nextTurn();
    expect(broken.queued).toBe(false);
  });
});
