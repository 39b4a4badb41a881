import { VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { RecordAnswer, RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { readRecordBatch, recordCount, routingRecord } from '@guildhall/proto/records/read-batch';
import { SipError } from '@guildhall/proto/sip/sip-error';
import { describe, expect, it } from 'vitest';
import { messagePath } from './path.stage.js';
import { createRecordColumns, type RecordFacts } from './record-columns.js';
import { createRecords, noRecords } from './records.js';
import { refuseBroken } from './refusing.js';
import { sip } from './sip.stage.js';
import { noStory, noteFarSide } from './story.js';
import { message } from './transaction.stage.js';

const { FAR, HUB } = RecordAnswer;
const { TRANSACTION, REFUSED_REQUEST, REFUSED_HANDSHAKE } = RecordKind;

/** A path whose policy says yes to all, and what the far member answers. */
function stage(...settings: Parameters<typeof messagePath>) {
  const path = messagePath(...settings);
  const acme = path.wire('acme');
  const { transactions, responses } = path;
  return {
    ...path,
    acme,
    /** The request that waits for its verdict gets it, the batch leaves. */
    async pass(now: number, verdict: Parameters<(typeof path.asks)[number]['answer']>[0] = {}) {
      path.state.now = now;
      for (const ask of path.asks.splice(0)) await ask.answer(verdict);
      path.advance();
      await path.settle();
    },
    /** The far member answers the only transaction there is. */
    far(status: number, now: number, text = `SIP/2.0 ${status} Whatever\r\n\r\n`) {
      const [transaction] = transactions.all();
      if (transaction === undefined) throw new Error('there is no transaction');
      noteFarSide(transaction.story, 'relay-1', 'sip.bolt.example:5061', 120, 3_400, 2);
      responses.pass(transaction, status, Buffer.from(text), 0, text.length, now);
    },
    taken: () => path.records.splice(0),
  };
}

const warning = /^Warning: 399 hub\.example "trace ([0-9a-f]{32})"\r$/m;

describe('no record is made', () => {
  it('of an ACK, a CANCEL, or a copy that was absorbed', async () => {
    const { take, acme, pass, taken } = stage();
    take(sip({ method: 'ACK' }), acme);
    take(sip({ method: 'CANCEL', branch: 'z9hG4bKnothing' }), acme);
    take(sip({ method: 'CANCEL', from: '<sip:mallory@cliff.example>;tag=1' }), acme);
    const invite = sip({ method: 'INVITE', branch: 'z9hG4bKcall' });
    take(invite, acme);
    take(invite, acme);
    await pass(1);
    take(invite, acme);
    take(sip({ method: 'CANCEL', branch: 'z9hG4bKcall' }), acme);
    expect(taken()).toEqual([]);
  });

  it('of a provisional answer, nor twice of one transaction', async () => {
    const { take, acme, pass, far, taken } = stage();
    take(sip({ method: 'INVITE' }), acme);
    await pass(1);
    far(180, 2);
    expect(taken()).toEqual([]);
    far(200, 3);
    expect(taken()).toHaveLength(1);
    // Retransmitted by the far member, and answered by another of its forks.
    far(200, 4);
    far(200, 5);
    expect(taken()).toEqual([]);
  });

  it('where there are no records and no traces, and then nothing is told of it', () => {
    expect(createRecords({ epoch: 'e' })).toBe(noRecords);
    expect(noRecords.begin(message(sip()), undefined)).toBe(noStory);
    expect(noRecords.traceId(noRecords.serial())).toBe('');
  });
});

describe('a record of what was refused', () => {
  it('at once: who, what, why, and the trace id of the answer', () => {
    const { take, acme, taken } = stage();
    const request = sip({ from: '"M" <sip:mallory@cliff.example>;tag=1', callId: 'c1' });
    take(request, acme);
    const [record] = taken();
    expect(record).toMatchObject({
      ...{ kind: REFUSED_REQUEST, peer: 'acme', target: '', fromDomain: 'cliff.example', toDomain: 'bolt.example', method: 'MESSAGE' },
      ...{ code: 'from-not-yours', answer: HUB, status: 403, total: 0, tries: 0, link: '', relay: '', source: '192.0.2.1:5061' },
      ...{ fromUri: 'sip:mallory@cliff.example', toUri: 'sip:bob@bolt.example', callId: 'c1', requestBytes: request.length, flags: 0 },
    });
    expect(record?.sentence).toContain('cliff.example');
    expect(record?.answerBytes).toBe(acme.written[0]?.length);
  });

  it('tells the same trace id in the answer, in a Warning of its own', () => {
    const { take, acme, taken } = stage();
    for (const method of ['MESSAGE', 'INVITE']) take(sip({ method, from: '<sip:m@cliff.example>;tag=1' }), acme);
    const ids = acme.written.map((text) => warning.exec(text)?.[1]);
    expect(new Set(ids).size).toBe(2);
    const columns = columnsOf();
    for (const facts of taken()) columns.add(facts, plain);
    expect(readBack(columns.take(1, 0, 0, 0)).map((record) => record.traceId.slice(16))).toEqual(ids.map((id) => id?.slice(16)));
    for (const text of acme.written) {
      expect(text).toMatch(/^Reason: SIP;cause=403;text="from-not-yours: [^"]+"\r$/m);
      expect(text).toMatch(/^Warning: 399 hub\.example "from-not-yours: [^"]+"\r$/m);
    }
  });

  it('an INVITE, once, though it waits for its ACK', () => {
    const { take, acme, taken } = stage();
    const invite = sip({ method: 'INVITE', from: '<sip:m@cliff.example>;tag=1' });
    take(invite, acme);
    take(invite, acme);
    expect(taken()).toMatchObject([{ kind: REFUSED_REQUEST, method: 'INVITE', code: 'from-not-yours', status: 403 }]);
  });

  it('a message that broke the grammar, but neither its response nor its ACK', () => {
    const { answers, counts, acme } = stage();
    const facts: RecordFacts[] = [];
    const records = createRecords({ epoch: 'e', add: (one) => void facts.push(one) });
    const desk = { answers, counts, records, clock: () => 5 };
    for (const method of ['MESSAGE', 'ACK']) refuseBroken(desk, new SipError('header'), message(sip({ method })), acme);
    expect(facts).toMatchObject([{ kind: REFUSED_REQUEST, code: 'bad-message', status: 400, endedAt: 5, method: 'MESSAGE' }]);
  });

  it('by policy: a transaction, with the rule that decided and whom it would have gone to', async () => {
    const { take, acme, pass, taken } = stage();
    take(sip(), acme);
    await pass(30, { action: VerdictAction.REFUSE, code: 'denied-by-rule', rule: 'rule no-files', sentence: 'no\u0007files' });
    expect(taken()).toMatchObject([
      {
        ...{
          kind: TRANSACTION,
          target: 'bolt',
          rule: 'rule no-files',
          code: 'denied-by-rule',
          sentence: 'no files',
          answer: HUB,
          status: 403,
        },
        ...{ decision: 30_000, total: 30_000, tries: 0, relay: '' },
      },
    ]);
    expect(acme.written[0]).toMatch(warning);
  });

  it('because nobody answered: how long it took, and no relay that told anything', async () => {
    const { take, acme, pass, advance, state, taken } = stage();
    take(sip(), acme);
    await pass(1);
    state.now = 26_000;
    advance();
    expect(taken()).toMatchObject([{ kind: TRANSACTION, code: 'no-answer', status: 504, answer: HUB, total: 26_000_000, relay: '' }]);
  });

  it('a handshake: its code, its detail made printable, and whose it seems to be', () => {
    const facts: RecordFacts[] = [];
    const records = createRecords({ epoch: 'e', add: (one) => void facts.push(one) });
    records.handshake('expired', '192.0.2.9:1', 'ended\r\nlong ago', 'acme', 7);
    expect(facts).toMatchObject([
      {
        kind: REFUSED_HANDSHAKE,
        code: 'expired',
        sentence: 'ended\\x0d\\x0along ago',
        peer: 'acme',
        source: '192.0.2.9:1',
        status: 0,
        endedAt: 7,
      },
    ]);
  });
});

describe('a record of what passed', () => {
  it('tells where the time went, what was tried, and how large it was', async () => {
    const { take, acme, pass, far, taken } = stage();
    const request = sip({ callId: 'c2' });
    take(request, acme);
    take(request, acme);
    await pass(2, { rule: 'agreement acme bolt' });
    far(200, 9);
    expect(taken()).toMatchObject([
      {
        ...{ kind: TRANSACTION, peer: 'acme', target: 'bolt', fromDomain: 'acme.example', toDomain: 'bolt.example', method: 'MESSAGE' },
        ...{ rule: 'agreement acme bolt', code: '', sentence: '', answer: FAR, status: 200 },
        ...{ total: 9_000, decision: 2_000, linkWait: 120, far: 3_400, tries: 2, repeats: 1 },
        ...{ relay: 'relay-1', link: 'sip.bolt.example:5061', requestBytes: request.length, answerBytes: 24, flags: 0 },
      },
    ]);
  });

  it('an answer of the far member keeps its status, whatever it is', async () => {
    const { take, acme, pass, far, taken } = stage();
    take(sip(), acme);
    await pass(1);
    far(486, 2);
    expect(taken()).toMatchObject([{ answer: FAR, status: 486, code: '', sentence: '' }]);
  });

  it('counts an OPTIONS to the hub itself', () => {
    const { take, acme, taken } = stage();
    take(sip({ method: 'OPTIONS', uri: 'sip:hub.example' }), acme);
    expect(taken()).toMatchObject([{ kind: TRANSACTION, method: 'OPTIONS', answer: HUB, status: 200, code: '', peer: 'acme', target: '' }]);
  });

  it('never says more of a method than that it is another', async () => {
    const { take, acme, pass, far, taken } = stage();
    take(sip({ method: 'MADEUP' }), acme);
    await pass(1);
    far(200, 2);
    expect(taken()).toMatchObject([{ method: 'other' }]);
  });

  it('holds nothing of the body', async () => {
    const { take, acme, pass, far, taken } = stage();
    const canary = 'canary-in-the-body';
    take(sip({ headers: [`Content-Type: text/plain`], body: canary }), acme);
    await pass(1);
    far(200, 2, `SIP/2.0 200 OK\r\nContent-Length: ${canary.length}\r\n\r\n${canary}`);
    const columns = columnsOf();
    const facts = taken();
    expect(facts).toHaveLength(1);
    for (const one of facts) columns.add(one, plain);
    expect(Buffer.from(columns.take(1, 0, 0, 0)).includes(canary)).toBe(false);
  });
});

const plain = { privacy: RecordPrivacy.FULL, user: (uri: string) => uri, put: () => 0, sentence: (text: string) => text };

function columnsOf() {
  return createRecordColumns({ ingress: 'ingress-1', epoch: 'now', traceHigh: 5n, batchCount: 100, batchBytes: 100_000 });
}

function readBack(payload: Uint8Array) {
  const batch = readRecordBatch(payload);
  if (batch === undefined) throw new Error('the batch does not fit');
  return Array.from({ length: recordCount(batch) }, (_, index) => routingRecord(batch, index));
}
