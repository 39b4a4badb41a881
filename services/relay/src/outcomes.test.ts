import { createLogger } from '@guildhall/chassis/log';
import { memoryBus } from '@guildhall/chassis/memory-bus';
import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { subjects } from '@guildhall/proto/subjects';
import { describe, expect, it } from 'vitest';
import { type Course, noCourse } from './course.js';
import { createEvents } from './events.js';
import { losses } from './failover.js';
import { createOutcomes } from './outcomes.js';

const nothing = Buffer.alloc(0);

function play(parkedBytes = 1_000_000) {
  const state = { now: 1_000, lag: 0 };
  const bus = memoryBus();
  const sent: OutcomeBatch[] = [];
  bus.subscribe(subjects.ingress('ingress-1'), (payload) => sent.push(OutcomeBatch.decode(payload)));
  let jobs: { run(): void; queued: boolean }[] = [];
  const turn = {
    later(job: { run(): void; queued: boolean }) {
      if (!job.queued) jobs.push(job);
      job.queued = true;
    },
  };
  const endTurn = () => {
    const due = jobs;
    jobs = [];
    for (const job of due) {
      job.queued = false;
      job.run();
    }
  };
  const events = createEvents(createLogger('relay', 'test', { level: 'silent', pretty: false }), () => 0);
  const settings = { relay: 'relay-1', parkedBytes, toldTime: 4_000, lag: () => state.lag };
  return { bus, sent, endTurn, events, state, outcomes: createOutcomes(bus, turn, settings, () => state.now, events) };
}

describe('outcomes', () => {
  it('leave once a turn, reasons written once in a row', () => {
    const { outcomes, sent, endTurn, events } = play();
    const back = outcomes.to('ingress-1', 'e1');
    const body = Buffer.from('..body');
    back.response(1, 180, noCourse, 'head', body, 2, 6);
    back.gone(2, losses.queueFull('bolt'), noCourse);
    back.gone(3, losses.queueFull('bolt'), noCourse);
    back.gone(4, losses.queueFull('acme'), noCourse);
    back.response(5, 486, noCourse, 'h', nothing, 0, 0);
    expect(sent).toEqual([]);
    endTurn();
    endTurn();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      relay: 'relay-1',
      epoch: 'e1',
      kind: [OutcomeKind.PROVISIONAL, OutcomeKind.GONE, OutcomeKind.GONE, OutcomeKind.GONE, OutcomeKind.FINAL],
      transaction: [1, 2, 3, 4, 5],
      status: [180, 0, 0, 0, 486],
      reason: [0, 1, 1, 2, 0],
      length: [8, 0, 0, 0, 1],
      gone: [losses.queueFull('bolt'), losses.queueFull('acme')],
    });
    expect(sent[0]?.wire.toString()).toBe('headbodyh');
    expect([events.provisionals, events.finals, events.gone.get('member-queue-full')]).toEqual([1, 1, 3]);
  });

  it('say of ends by which proxy they came and how long that took, each proxy once a batch', () => {
    const { outcomes, sent, endTurn } = play();
    const back = outcomes.to('ingress-1', 'e1');
    const by = (address: string, waited: number, took: number, tries: number): Course => ({ address, waited, took, tries, told: false });
    back.response(1, 180, by('192.0.2.1:5061', 70, 0, 1), 'h', nothing, 0, 0);
    back.response(2, 200, by('192.0.2.1:5061', 70, 1_300, 1), 'h', nothing, 0, 0);
    back.response(3, 404, by('ingress ingress-2', 0xffffffff, 9, 3), 'h', nothing, 0, 0);
    back.gone(4, losses.badRequest(undefined), noCourse);
    back.gone(5, losses.silent('bolt'), by('192.0.2.1:5061', 5, 6, 7));
    endTurn();
    back.response(6, 200, by('ingress ingress-2', 1, 2, 1), 'h', nothing, 0, 0);
    endTurn();
    expect(sent.map(({ links, link, waited, took, tries }) => ({ links, link, waited, took, tries }))).toEqual([
      {
        links: ['192.0.2.1:5061', 'ingress ingress-2'],
        link: [0, 1, 2, 0, 1],
        waited: [0, 70, 0xffffffff, 0, 5],
        took: [0, 1_300, 9, 0, 6],
        tries: [0, 1, 3, 0, 7],
      },
      { links: ['ingress ingress-2'], link: [1], waited: [1], took: [2], tries: [1] },
    ]);
    expect(back.told().get(5)?.course).toEqual({ ...by('192.0.2.1:5061', 5, 6, 7), told: true });
  });

  it('are counted once a transaction, for each incarnation of an ingress, and so on when it is gone', () => {
    const { outcomes, endTurn, state } = play();
    const first = outcomes.to('ingress-1', 'e1');
    first.response(1, 180, noCourse, 'h', nothing, 0, 0);
    first.response(1, 200, noCourse, 'h', nothing, 0, 0);
    first.response(1, 200, { ...noCourse, told: true }, 'h', nothing, 0, 0);
    first.gone(2, losses.hubFull, noCourse);
    endTurn();
    outcomes.again('ingress-1');
    outcomes.to('ingress-1', 'e2').gone(1, losses.hubFull, noCourse);
    outcomes.left('ingress-1');
    state.now += 60_000;
    outcomes.age(state.now);
    expect(outcomes.counts()).toEqual([
      { ingress: 'ingress-1', epoch: 'e1', finals: 2n },
      { ingress: 'ingress-1', epoch: 'e2', finals: 1n },
    ]);
  });

  it('are split before a batch is more than NATS takes', () => {
    const { outcomes, sent, endTurn, bus } = play();
    const back = outcomes.to('ingress-1', 'e1');
    const big = Buffer.alloc(60_000, 'x');
    for (let i = 0; i < 40; i += 1) back.response(i, 200, noCourse, '', big, 0, big.length);
    endTurn();
    expect(sent.flatMap((batch) => batch.transaction)).toEqual([...Array(40).keys()]);
    for (const batch of sent) expect(OutcomeBatch.encode(batch).finish().length).toBeLessThan(bus.maxPayload);
  });

  it('are split before a batch is more than NATS takes, without bytes of messages too', () => {
    const { outcomes, sent, endTurn, bus } = play();
    const back = outcomes.to('ingress-1', 'e1');
    const count = 15_000;
    for (let i = 0; i < count; i += 1) back.gone(i, losses.queueFull(`member-${i}`), { ...noCourse, address: `proxy-${i}.example:5061` });
    endTurn();
    expect(bus.failures.oversize).toBe(0);
    expect(sent.flatMap((batch) => batch.transaction)).toEqual([...Array(count).keys()]);
  });

  it('wait for NATS to come back, the oldest given up first', () => {
    const { outcomes, sent, endTurn, bus, events } = play(2500);
    const back = outcomes.to('ingress-1', 'e1');
    bus.setConnected(false);
    outcomes.hold();
    for (let i = 1; i <= 3; i += 1) {
      back.response(i, 200, noCourse, 'x'.repeat(1000), nothing, 0, 0);
      endTurn();
    }
    expect(sent).toEqual([]);
    bus.setConnected(true);
    expect(sent).toEqual([]);
    outcomes.resume();
    expect(sent.flatMap((batch) => batch.transaction)).toEqual([2, 3]);
    expect(events.outcomeBatchesDropped).toBe(1);
  });

  it('said just before NATS broke down are said again when it is back, before those that waited, and not a third time', () => {
    const { outcomes, sent, endTurn, bus, state } = play();
    const back = outcomes.to('ingress-1', 'e1');
    const say = (number: number) => {
      back.response(number, 200, noCourse, 'x', nothing, 0, 0);
      endTurn();
    };
    say(1);
    state.now += 4_001;
    outcomes.age(state.now);
    say(2);
    bus.setConnected(false);
    outcomes.hold();
    say(3);
    // However long it is away, what was said just before is not forgotten.
    state.now += 60_000;
    outcomes.age(state.now);
    bus.setConnected(true);
    sent.length = 0;
    outcomes.resume();
    expect(sent.map((batch) => batch.transaction)).toEqual([[2], [3]]);
    expect([...back.told().keys()]).toEqual([2, 3]);
    state.now += 4_001;
    outcomes.age(state.now);
    sent.length = 0;
    outcomes.hold();
    outcomes.resume();
    expect(sent).toEqual([]);
  });

  it('that nobody hears are kept until the ingress is back, for as long as its senders may wait', async () => {
    const { outcomes, sent, endTurn, bus, state } = play();
    const other: OutcomeBatch[] = [];
    const say = (number: number) => {
      outcomes.to('ingress-2', 'e1').response(number, 200, noCourse, 'x', nothing, 0, 0);
      endTurn();
    };
    say(1);
    await Promise.resolve();
    say(2);
    state.now += 31_000;
    outcomes.age(state.now);
    bus.subscribe(subjects.ingress('ingress-2'), (payload) => other.push(OutcomeBatch.decode(payload)));
    outcomes.returned('ingress-2');
    outcomes.returned('ingress-2');
    expect([other.map((batch) => batch.transaction), sent]).toEqual([[[1], [2]], []]);
    outcomes.left('ingress-2');
    state.now += 32_000;
    outcomes.age(state.now);
    outcomes.again('ingress-2');
    expect(other.length).toBe(2);
  });

  it('that nobody heard while the ingress is there all the same are said again soon', async () => {
    const { outcomes, endTurn, bus, state } = play();
    const other: number[][] = [];
    outcomes.to('ingress-2', 'e1').response(1, 200, noCourse, 'x', nothing, 0, 0);
    endTurn();
    await Promise.resolve();
    const age = async () => {
      state.now += 1_000;
      outcomes.age(state.now);
      await Promise.resolve();
    };
    await age();
    bus.subscribe(subjects.ingress('ingress-2'), (payload) => other.push(OutcomeBatch.decode(payload).transaction));
    await age();
    await age();
    expect(other).toEqual([[1]]);
  });

  it('that nobody heard are not said again and again to an ingress that has left', async () => {
    const { outcomes, endTurn, bus, state } = play();
    outcomes.to('ingress-2', 'e1').response(1, 200, noCourse, 'x', nothing, 0, 0);
    endTurn();
    await Promise.resolve();
    outcomes.left('ingress-2');
    for (let second = 0; second < 5; second += 1) {
      state.now += 1_000;
      outcomes.age(state.now);
      await Promise.resolve();
    }
    expect(bus.failures.unheard).toBe(1);
  });

  it('say how late the relay runs, and when it last heard of the ingress', () => {
    const { outcomes, sent, endTurn, state } = play();
    const back = outcomes.to('ingress-1', 'e1');
    back.response(1, 200, noCourse, 'x', nothing, 0, 0);
    endTurn();
    state.lag = 40;
    back.heard(4_000_000_000, state.now);
    state.now += 12.7;
    back.response(2, 200, noCourse, 'x', nothing, 0, 0);
    endTurn();
    expect(sent.map(({ lag, heard, heardAge }) => [lag, heard, heardAge])).toEqual([
      [0, 0, 0],
      [40, 4_000_000_000, 12],
    ]);
  });

  it('of two incarnations of an ingress are kept apart', () => {
    const { outcomes, sent, endTurn } = play();
    const old = outcomes.to('ingress-1', 'e1');
    const young = outcomes.to('ingress-1', 'e2');
    expect(outcomes.to('ingress-1', 'e2')).toBe(young);
    old.response(1, 200, noCourse, 'a', nothing, 0, 0);
    young.response(1, 200, noCourse, 'b', nothing, 0, 0);
    endTurn();
    expect(sent.map((batch) => [batch.epoch, batch.wire.toString()])).toEqual([
      ['e1', 'a'],
      ['e2', 'b'],
    ]);
  });
});
