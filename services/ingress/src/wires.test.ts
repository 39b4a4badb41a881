import type { Job } from '@guildhall/chassis/turn';
import { describe, expect, it } from 'vitest';
import { createWireBatches, readWires } from './wires.js';
import { wireBatch, wireBatchOf } from './wires.stage.js';

describe('a batch of wires that means nothing', () => {
  it.each<[string, Uint8Array]>([
    ['no protobuf', Buffer.from([0xff])],
    ['tables of different length', wireBatchOf('x', { members: [] })],
    ['columns of different length', wireBatchOf('x', { length: [] })],
    ['an index of nothing', wireBatchOf('x', { wireIndex: [1] })],
    ['too few bytes', wireBatchOf('x', { length: [2] })],
    ['too many bytes', wireBatchOf('xy', { length: [1] })],
    ['an empty message', wireBatch({ wireIndex: [0], length: [0] })],
  ])('%s', (_why, payload) => {
    expect(readWires(payload)).toBeUndefined();
  });
});

describe('what left for relays', () => {
  it('is said again on the subjects asked for, as far as it is kept', () => {
    const sent: [string, number][] = [];
    const jobs: Job[] = [];
    let now = 0;
    const batches = createWireBatches({
      id: 'ingress-1',
      epoch: 'now',
      batchBytes: 10_000,
      keptMs: 100,
      keptBytes: 950,
      turn: { later: (job) => void jobs.push(job) },
      publish: (subject, payload) => void sent.push([subject, payload.length]),
      clock: () => now,
    });
    const say = (at: number, subject: string, length = 1) => {
      now = at;
      batches.text(subject, 'l1', 'bolt', '', 'x'.repeat(length));
      for (const job of jobs.splice(0)) job.run();
    };
    const again = (on: ReadonlySet<string> | 'all') => {
      sent.length = 0;
      batches.again(on);
      return sent.map(([subject]) => subject);
    };
    for (const [at, subject] of ['a', 'b', 'a'].entries()) say(at, subject);
    expect([again('all'), again(new Set(['b']))]).toEqual([['a', 'b', 'a'], ['b']]);
    say(102, 'c');
    expect(again('all')).toEqual(['a', 'c']);
    say(103, 'd', 900);
    expect(again('all')).toEqual(['d']);
  });
});
