import { headThreshold } from '@guildhall/chassis/trace-context';
import { noTracing, type Tracing } from '@guildhall/chassis/tracing';
import { keptTracing } from '@guildhall/chassis/tracing.stage';
import { createTurn, type Job } from '@guildhall/chassis/turn';
import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { describe, expect, it } from 'vitest';
import { createForwards } from './forwards.js';
import { passCancel } from './pass-cancel.js';
import { sip } from './sip.stage.js';
import { createTraces } from './traces.js';
import { message, transactionTable } from './transaction.stage.js';

const setting = (limits: { batchBytes?: number; batchCount?: number } = {}, tracing: Tracing = noTracing) => {
  const jobs: Job[] = [];
  const sent: { subject: string; batch: ForwardBatch; bytes: number }[] = [];
  const table = transactionTable();
  const forwards = createForwards({
    ingress: 'ingress-1',
    epoch: 'now',
    batchBytes: 10_000,
    batchCount: 100,
    ...limits,
    turn: { later: (job) => void jobs.push(job) },
    publish: (subject, payload) => sent.push({ subject, batch: ForwardBatch.decode(payload), bytes: payload.length }),
    published: () => undefined,
    unheard: () => ({ reply: 'nobody', close: () => undefined }),
    traces: createTraces(tracing, 'now'),
    clock: () => 77,
  });
  const wire = table.wire('acme');
  const add = (text: string, target: string, recordRoute = '', serial = 0) => {
    const transaction = table.open(text, wire);
    transaction.story = { ...transaction.story, serial };
    transaction.target = target;
    transaction.recordRoute = recordRoute;
    transaction.loop = 0xffff_fffe;
    const { buffer, start, end } = message(text);
    forwards.request(queue, transaction, 500, buffer, start, end);
    return transaction;
  };
  const queue = forwards.queue({ id: 'relay-1', epoch: 'e1', returns: 0 });
  const turn = () => {
    for (const job of jobs.splice(0)) job.run();
  };
  return { table, forwards, queue, add, turn, sent, wire };
};

const textsOf = (batch: ForwardBatch): string[] => {
  let start = 0;
  return batch.length.map((length) => {
    start += length;
    return batch.wire.toString('latin1', start - length, start);
  });
};

describe('forwards', () => {
  it('of one turn leave in one batch, each name written once', () => {
    const { add, turn, sent, queue, forwards } = setting();
    const texts = [sip(), sip({ method: 'INVITE', body: 'sdp' }), sip()];
    const [first, invite] = [add(texts[0] ?? '', 'bolt'), add(texts[1] ?? '', 'bolt', '<sip:token@hub;lr>'), add(texts[2] ?? '', 'cliff')];
    passCancel(forwards, invite, Buffer.from('CANCEL'), 1_000);
    expect(sent).toEqual([]);
    turn();
    expect(sent.length).toBe(1);
    expect(sent[0]?.subject).toBe('gh.v1.relay.relay-1');
    const batch = sent[0]?.batch ?? ForwardBatch.fromPartial({});
    expect(batch).toMatchObject({
      ingress: 'ingress-1',
      epoch: 'now',
      sent: 77,
      members: ['bolt', 'cliff'],
      recordRoutes: ['<sip:token@hub;lr>'],
      sources: ['192.0.2.1:5061'],
      kind: [ForwardKind.REQUEST, ForwardKind.REQUEST, ForwardKind.REQUEST, ForwardKind.CANCEL],
      member: [0, 0, 1, 0],
      recordRoute: [0, 1, 0, 0],
      source: [0, 0, 0, 0],
      wait: [24_500, 199_500, 24_500, 199_000],
      loop: [0xffff_fffe, 0xffff_fffe, 0xffff_fffe, 0xffff_fffe],
    });
    expect(batch.transaction[3]).toBe(invite.id);
    expect(textsOf(batch)).toEqual([...texts, 'CANCEL']);
    expect(first.relay).toBe(queue);
    turn();
    expect(sent.length).toBe(1);
  });

  it('remember where their bytes are, an INVITE in bytes of its own', () => {
    const { add, turn } = setting();
    const texts = [sip(), sip({ method: 'INVITE' }), sip()];
    const transactions = texts.map((text) => add(text, 'bolt'));
    expect(transactions.every((one) => one.request !== undefined && one.length === 0)).toBe(true);
    turn();
    const remembered = transactions.map(({ batch, offset, length }) => batch.toString('latin1', offset, offset + length));
    expect(remembered).toEqual(texts);
    expect(transactions[0]?.batch).toBe(transactions[2]?.batch);
    expect(transactions[1]?.batch).not.toBe(transactions[0]?.batch);
    expect(transactions.every((one) => one.request === undefined)).toBe(true);
  });

  it('never leave in a batch that is too large or too long', () => {
    const large = setting({ batchBytes: 8_000 });
    for (let i = 0; i < 40; i += 1) large.add(sip({ body: 'x'.repeat(i * 50) }), `m${i}`, `<sip:${'t'.repeat(400)}${i}>`);
    large.turn();
    expect(Math.max(...large.sent.map((one) => one.bytes))).toBeLessThanOrEqual(8_000);
    expect(large.sent.flatMap((one) => textsOf(one.batch)).length).toBe(40);
    const long = setting({ batchCount: 7 });
    for (let i = 0; i < 20; i += 1) long.add(sip(), 'bolt');
    long.turn();
    expect(long.sent.map((one) => one.batch.kind.length)).toEqual([7, 7, 6]);
  });

  it('for a relay that was dropped or restarted wait to be handed to another', () => {
    const { forwards, queue, add, turn, sent } = setting();
    const before = add(sip(), 'bolt');
    const next = forwards.queue({ id: 'relay-1', epoch: 'e2', returns: 0 });
    expect(queue.gone).toBe(true);
    expect(next).not.toBe(queue);
    add(sip(), 'bolt');
    turn();
    // What was gathered before still leaves; what came for the old incarnation after does not.
    expect(sent.map((one) => one.batch.transaction)).toEqual([[before.id]]);
  });

  it('say which of them belong to a trace, and the next batch says nothing of those', () => {
    const { add, turn, sent } = setting({}, keptTracing(headThreshold(1)));
    for (const serial of [0, 5, 0, 6]) add(sip(), 'bolt', '', serial);
    turn();
    add(sip(), 'bolt');
    turn();
    const traces = createTraces(keptTracing(headThreshold(1)), 'now');
    expect(sent.map(({ batch }) => batch.traced)).toEqual([[traces.forward(1, 5), traces.forward(3, 6)], []]);
    const none = setting();
    none.add(sip(), 'bolt', '', 7);
    none.turn();
    expect(none.sent[0]?.batch.traced).toEqual([]);
  });

  it('leave by themselves once a turn', async () => {
    const sent: ForwardBatch[] = [];
    const table = transactionTable();
    const forwards = createForwards({
      ingress: 'i',
      epoch: 'e',
      batchBytes: 10_000,
      batchCount: 10,
      turn: createTurn(),
      publish: (_subject, payload) => sent.push(ForwardBatch.decode(payload)),
      published: () => undefined,
      unheard: () => ({ reply: 'nobody', close: () => undefined }),
      traces: createTraces(noTracing, 'e'),
      clock: () => 77,
    });
    const queue = forwards.queue({ id: 'r', epoch: 'e', returns: 0 });
    for (let round = 1; round <= 2; round += 1) {
      for (const text of [sip(), sip()]) {
        const { buffer, start, end } = message(text);
        forwards.request(queue, table.open(text, table.wire('acme')), 0, buffer, start, end);
      }
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(sent.map((batch) => batch.kind.length)).toEqual(Array.from({ length: round }, () => 2));
    }
  });
});
