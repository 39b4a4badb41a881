import { headThreshold, tracedForward } from '@guildhall/chassis/trace-context';
import { noTracing } from '@guildhall/chassis/tracing';
import { keptTracing } from '@guildhall/chassis/tracing.stage';
import { describe, expect, it } from 'vitest';
import type { TracedEnd } from './traced-end.js';
import { createTraces } from './traces.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const answered: TracedEnd = {
  trace: tracedForward(0, traceId, '00f067aa0ba902b7'),
  method: 'MESSAGE',
  member: 'bolt',
  link: '[2001:db8::1]:5061',
  tries: 2,
  openedAt: 10,
  firstAt: 11,
  writtenAt: 15,
  endedAt: 30,
  status: 200,
  code: '',
};

const spansOf = (change: Partial<TracedEnd> = {}) => {
  const tracing = keptTracing(headThreshold(0));
  createTraces(tracing, 'relay-1').ended({ ...answered, ...change });
  return tracing.kept;
};

describe('what a relay tells of a trace', () => {
  it('is nothing where there is no collector, or no trace', () => {
    createTraces(noTracing, 'relay-1').ended(answered);
    expect(spansOf({ trace: { entry: 0, traceId: Buffer.alloc(16), spanId: Buffer.alloc(8) } })).toEqual([]);
  });

  it('is what it took in hand, and within that the writing that was answered', () => {
    const [hand, way] = spansOf();
    expect(hand).toMatchObject({
      traceId,
      parentSpanId: '00f067aa0ba902b7',
      remoteParent: true,
      name: 'process gh.v1.relay.{relay}',
      kind: 'consumer',
      startedAt: 10,
      endedAt: 30,
      attributes: { 'messaging.destination.name': 'gh.v1.relay.relay-1', 'guildhall.target': 'bolt', 'guildhall.link.tries': 2 },
      failed: '',
    });
    expect(way).toMatchObject({
      traceId,
      parentSpanId: hand?.spanId,
      remoteParent: false,
      name: 'SIP MESSAGE',
      kind: 'client',
      startedAt: 15,
      endedAt: 30,
      attributes: { 'sip.response.status_code': 200, 'server.address': '2001:db8::1', 'server.port': 5061 },
      failed: '',
    });
  });

  it('is a failure where the far side refused or nothing came', () => {
    expect(spansOf({ status: 404 }).map((span) => span.failed)).toEqual(['', 'the far member answered 404']);
    const silent = spansOf({ status: 0, code: 'member-unreachable', writtenAt: 0 });
    expect(silent).toHaveLength(1);
    expect(silent[0]?.attributes['guildhall.reason']).toBe('member-unreachable');
    expect(silent[0]?.failed).not.toBe('');
    expect(spansOf({ status: 0 }).map((span) => span.failed)).toEqual(['nothing answered in time', 'nothing answered in time']);
  });
});
