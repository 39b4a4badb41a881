import { describe, expect, it } from 'vitest';
import { busWiresStage } from './bus-wires.stage.js';
import { response } from './neighbours.stage.js';
import { sip } from './sip.stage.js';
import { createToldLately } from './told-answers.js';
import { message } from './transaction.stage.js';
import { wireBatchOf } from './wires.stage.js';

const request = sip();
const toldAnswers = (payloads: Uint8Array[]) =>
  createToldLately(
    () => payloads,
    () => 0,
  ).on('s');

describe('answers that left lately', () => {
  const told = (text: string, wires = ['l1']) => toldAnswers([wireBatchOf(text, { wires })]);

  it('are none to what differs in its wire, branch, sent-by or method, nor a provisional or a broken one', () => {
    const answer = response(request, 200, 'OK');
    const others = [
      answer.replace(/branch=/, 'branch=z9hG4bKother'),
      answer.replace(/proxy\./, 'proxy2.'),
      answer.replace(/:5061/, ':5062'),
      answer.replace(/(CSeq: \d+) MESSAGE/, '$1 INFO'),
      answer.replace(/CSeq: [^\r]*/, 'CSeq: none'),
      answer.replace(/Via: [^\r]*/, 'Via: none'),
      answer.replace(/CSeq: [^\r]*\r\n/, ''),
      response(request, 100, 'Trying'),
      'nonsense',
    ];
    for (const other of others) expect(told(other).to('l1', message(request))).toBeUndefined();
    expect(told(answer, ['l2']).to('l1', message(request))).toBeUndefined();
    expect(toldAnswers([Buffer.from([0xff])]).to('l1', message(request))).toBeUndefined();
    expect(told(answer).to('l1', message(request.replace(/CSeq: [^\r]*\r\n/, '')))).toBeUndefined();
    expect(told(answer).to('l1', message(request))?.toString('latin1')).toBe(answer);
    expect(
      told(answer)
        .to('l1', message(request.replace('proxy.', 'Proxy.')))
        ?.toString('latin1'),
    ).toBe(answer);
  });

  it('are none to what differs in Call-ID or number where the branch is of RFC 2543', () => {
    const old = sip({ branch: 'old' });
    const answer = response(old, 200, 'OK');
    for (const other of [answer.replace(/Call-ID: /, 'Call-ID: other'), answer.replace(/CSeq: \d+/, 'CSeq: 99')])
      expect(told(other).to('l1', message(old))).toBeUndefined();
    expect(told(answer).to('l1', message(old))?.toString('latin1')).toBe(answer);
  });
});

describe('what is read of them', () => {
  const asked = ['one', 'two', 'three'].map((callId) => sip({ callId }));
  const left = () => asked.map((text) => wireBatchOf(response(text, 200, 'OK')));
  const lately = (payloads: readonly Uint8Array[]) => {
    const state = { payloads, now: 0 };
    const told = createToldLately(
      () => state.payloads,
      () => state.now,
    );
    return { state, told, of: () => asked.map((text) => told.on('s').to('l1', message(text)) !== undefined) };
  };

  it('is read once, and what came since besides', () => {
    const [one, two] = left();
    if (one === undefined || two === undefined) throw new Error('no payloads');
    const { state, of } = lately([one]);
    expect(of()).toEqual([true, false, false]);
    one.fill(0);
    state.payloads = [one, two];
    expect(of()).toEqual([true, true, false]);
  });

  it('is given up once it is kept no more, and when nobody asks', () => {
    const [one, two, three] = left();
    if (one === undefined || two === undefined || three === undefined) throw new Error('no payloads');
    const { state, told, of } = lately([one, two, three]);
    expect(of()).toEqual([true, true, true]);
    state.payloads = [three];
    expect(of()).toEqual([false, false, true]);
    state.payloads = [one];
    expect(of()).toEqual([true, false, false]);
    one.fill(0);
    state.now = 5_000;
    told.tidy();
    expect(of()).toEqual([true, false, false]);
    state.now = 10_001;
    told.tidy();
    expect(of()).toEqual([false, false, false]);
  });
});

describe('a request that a relay says again', () => {
  it('is answered with its answer once more when it was answered, and else taken', () => {
    const { desk, requests, flush } = busWiresStage();
    const again = { again: true };
    desk.arrived(wireBatchOf(request));
    const [, wire] = requests[0] ?? [];
    desk.arrived(wireBatchOf(request, again));
    expect(requests).toHaveLength(2);
    const answer = response(request, 200, 'OK');
    wire?.text(answer);
    desk.arrived(wireBatchOf(request, again));
    expect(requests).toHaveLength(2);
    const copy = { subject: 'gh.v1.depart.relay.relay-1', batch: { wires: ['l1'], wire: Buffer.from(answer) } };
    expect(flush()).toMatchObject([copy, copy]);
    // What is not said again is a new one, whatever it looks like (RFC 3261 17.2.2).
    desk.arrived(wireBatchOf(request));
    expect(requests).toHaveLength(3);
  });
});
