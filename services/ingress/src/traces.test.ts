import { headThreshold, readTraceparent, sampleKey } from '@guildhall/chassis/trace-context';
import { noTracing } from '@guildhall/chassis/tracing';
import { keptTracing } from '@guildhall/chassis/tracing.stage';
import { describe, expect, it } from 'vitest';
import { alwaysTraced, createTraces, type TracedTransaction } from './traces.js';

const passed: TracedTransaction = {
  serial: 7,
  method: 'MESSAGE',
  event: '',
  peer: 'acme',
  target: 'bolt',
  fromDomain: 'acme.example',
  toDomain: 'bolt.example',
  callId: 'secret-call@10.0.0.1',
  source: '10.0.0.1:5061',
  status: 200,
  byHub: false,
  code: '',
  rule: 'model clearinghouse',
  verdict: 'forward',
  openedAt: 100,
  decidedAt: 104,
  forwardedAt: 105,
  endedAt: 120,
  relay: 'relay-1',
  link: 'sip.bolt.example:5061',
  linkWait: 900,
  far: 9_000,
  tries: 1,
  requestBytes: 700,
  answerBytes: 300,
};

describe('a transaction is traced', () => {
  it.each([
    [200, true, false],
    [302, true, true],
    [403, true, true],
    [486, false, false],
    [499, false, false],
    [500, false, true],
    [603, false, true],
    [503, true, true],
  ])('always, or not, where it ended with %i (by the hub: %s): %s', (status, byHub, expected) => {
    expect(alwaysTraced(status, byHub)).toBe(expected);
  });

  it('never without a collector', () => {
    const traces = createTraces(noTracing, 'epoch');
    expect([traces.wanted(1, 503, true), traces.ask(1)]).toEqual([false, '']);
  });

  it('never without a number, and only so often because it was refused', () => {
    const traces = createTraces(keptTracing(headThreshold(0), 2), 'epoch');
    expect(createTraces(keptTracing(headThreshold(1)), 'epoch').wanted(0, 200, false)).toBe(false);
    expect([1, 2, 3].map((serial) => traces.wanted(serial, 403, true))).toEqual([true, true, false]);
  });

  it('by its number alone where it is from the beginning, and everybody who has a part in it knows', () => {
    const traces = createTraces(keptTracing(headThreshold(0.1), 0), 'epoch');
    const chosen = Array.from({ length: 100 }, (_, at) => at + 1).filter((serial) => traces.wanted(serial, 200, false));
    expect(chosen.length).toBeGreaterThan(5);
    expect(chosen.every((serial) => sampleKey(serial) < headThreshold(0.1))).toBe(true);
    for (let serial = 1; serial <= 100; serial += 1) {
      expect(readTraceparent(traces.ask(serial))?.sampled === true).toBe(chosen.includes(serial));
    }
  });
});

describe('its spans', () => {
  const spansOf = (change: Partial<TracedTransaction> = {}) => {
    const tracing = keptTracing(headThreshold(1));
    const traces = createTraces(tracing, 'epoch');
    traces.finished({ ...passed, ...change });
    return { spans: tracing.kept, traces };
  };

  it('are itself, the question and the way to the relay, under the ids that others were told', () => {
    const { spans, traces } = spansOf();
    const [server, ask, send] = spans;
    expect(spans.map(({ name, kind, startedAt, endedAt }) => [name, kind, startedAt, endedAt])).toEqual([
      ['SIP MESSAGE', 'server', 100, 120],
      ['request gh.v1.ask', 'client', 100, 104],
      ['send gh.v1.relay.{relay}', 'producer', 105, 120],
    ]);
    expect(server?.parentSpanId).toBe('');
    expect([ask?.parentSpanId, send?.parentSpanId]).toEqual([server?.spanId, server?.spanId]);
    expect(readTraceparent(traces.ask(7))).toEqual({ traceId: server?.traceId, spanId: ask?.spanId, sampled: true });
    const { traceId, spanId, entry } = traces.forward(3, 7);
    expect([Buffer.from(traceId).toString('hex'), Buffer.from(spanId).toString('hex'), entry]).toEqual([server?.traceId, send?.spanId, 3]);
    expect(server?.attributes).toEqual({
      'sip.method': 'MESSAGE',
      'sip.response.status_code': 200,
      'guildhall.answered_by': 'far',
      'sip.request.size': 700,
      'sip.response.size': 300,
      'sip.call_id.hash': expect.stringMatching(/^[\w-]{22}$/),
      'sip.from.domain': 'acme.example',
      'sip.to.domain': 'bolt.example',
      'guildhall.peer': 'acme',
      'guildhall.target': 'bolt',
      'guildhall.verdict': 'forward',
      'guildhall.rule': 'model clearinghouse',
      'client.address': '10.0.0.1',
      'client.port': 5061,
    });
    expect(send?.attributes).toMatchObject({
      'messaging.system': 'nats',
      'messaging.destination.name': 'gh.v1.relay.relay-1',
      'server.address': 'sip.bolt.example',
      'server.port': 5061,
      'guildhall.link.wait_us': 900,
      'guildhall.link.answer_us': 9_000,
    });
  });

  it('are fewer where a verdict was at hand, or nothing was forwarded', () => {
    expect(spansOf({ decidedAt: 100 }).spans.map((span) => span.kind)).toEqual(['server', 'producer']);
    expect(spansOf({ decidedAt: 100, forwardedAt: 0, status: 403, byHub: true, code: 'denied-by-rule' }).spans).toMatchObject([
      { kind: 'server', failed: '', attributes: { 'guildhall.reason': 'denied-by-rule', 'guildhall.answered_by': 'hub' } },
    ]);
  });

  it('say of a failure what the reason table says, and nothing of the case', () => {
    const [server] = spansOf({ status: 503, byHub: true, code: 'hub-unavailable' }).spans;
    expect(server?.failed).not.toBe('');
    expect(server?.attributes['error.type']).toBe('hub-unavailable');
    expect(spansOf({ status: 500 }).spans[0]?.failed).toBe('the far member answered 500');
  });

  it('never carry a Call-ID, nor a method that somebody made up', () => {
    const told = JSON.stringify(spansOf({ method: 'HELLO-ALICE' }).spans);
    expect(told).not.toContain('secret-call');
    expect(told).not.toContain('ALICE');
    expect(told).toContain('"SIP other"');
  });
});
