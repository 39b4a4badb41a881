import { unknownSender } from '@guildhall/proto/sip/received';
import { describe, expect, it } from 'vitest';
import { type Course, noteWriting } from './course.js';
import { createEnds } from './ends.js';
import { losses } from './failover.js';
import { memberStage } from './member.stage.js';
import type { Back } from './outcomes.js';
import type { TracedEnd } from './traced-end.js';
import { newTransaction } from './transaction.js';

const nothing = Buffer.alloc(0);
const trace = { entry: 0, traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2) };

function play(traced = true) {
  const state = { now: 1_000 };
  const told: [what: number | string, course: Course][] = [];
  const traces: TracedEnd[] = [];
  const back: Back = {
    ingress: 'i',
    epoch: 'e',
    response: (_number, status, course) => void told.push([status, { ...course }]),
    gone: (_number, { code }, course) => void told.push([code, { ...course }]),
    told: () => new Map(),
    heard: () => undefined,
  };
  const member = memberStage();
  const transaction = newTransaction({
    kind: 'invite',
    method: 'INVITE',
    number: 1,
    epoch: 'e',
    loop: 7,
    back,
    member,
    recordRoute: '',
    source: unknownSender,
    bytes: nothing,
    wait: 0,
    arrivedAt: state.now,
    dueAt: 10_000,
    trace: traced ? trace : undefined,
  });
  transaction.address = 'h:1';
  const ends = createEnds(() => state.now, { ended: (end) => traces.push(end) });
  const write = (now: number) => noteWriting(transaction, now);
  const answer = (status: number, now: number) => {
    state.now = now;
    ends.response(transaction, status, '', nothing, 0, 0);
  };
  return { state, told, traces, transaction, ends, write, answer };
}

describe('the end of a transaction', () => {
  it('is told with its figures, and what is told later of it is a repetition', () => {
    const { told, write, answer } = play(false);
    write(1_001);
    answer(180, 1_002);
    answer(200, 1_003);
    answer(200, 1_900);
    const end = { address: 'h:1', tries: 1, waited: 1_000, took: 2_000 };
    expect(told.map(([what]) => what)).toEqual([180, 200, 200]);
    expect(told[1]?.[1]).toMatchObject({ ...end, told: false });
    expect(told[2]?.[1]).toMatchObject({ ...end, told: true });
  });

  it('without a response is told with its figures too', () => {
    const { state, told, ends, transaction } = play(false);
    state.now = 1_250;
    ends.lost(transaction, losses.silent('bolt'));
    expect(told).toMatchObject([['no-answer', { tries: 0, waited: 250_000, took: 0, told: false }]]);
  });

  it('is traced once, if it is traced: whatever came before or comes later', () => {
    const { traces, write, answer } = play();
    write(1_001);
    write(1_005);
    answer(180, 1_006);
    expect(traces).toEqual([]);
    answer(486, 1_010);
    answer(200, 1_900);
    const times = { openedAt: 1_000, firstAt: 1_001, writtenAt: 1_005, endedAt: 1_010 };
    expect(traces).toEqual([{ trace, method: 'INVITE', member: 'bolt', link: 'h:1', tries: 2, ...times, status: 486, code: '' }]);
  });

  it('is traced when it is lost and when its time is over', () => {
    const lost = play();
    lost.ends.lost(lost.transaction, losses.badAnswer('bolt'));
    expect(lost.traces).toMatchObject([{ status: 0, code: 'bad-gateway', firstAt: 0, writtenAt: 0, tries: 0 }]);
    const late = play();
    late.ends.expired(late.transaction);
    expect(late.traces).toMatchObject([{ status: 0, code: '' }]);
    const answered = play();
    answered.answer(200, 1_100);
    answered.ends.expired(answered.transaction);
    expect(answered.traces).toHaveLength(1);
  });

  it('of which no trace is made is not told of', () => {
    const { traces, ends, transaction, answer } = play(false);
    answer(200, 1_100);
    ends.expired(transaction);
    expect(traces).toEqual([]);
  });
});
