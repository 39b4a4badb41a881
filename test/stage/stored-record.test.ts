import { RecordAnswer, RecordBatch, RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { describe, expect, it } from 'vitest';
import { readBatch } from './stored-record.js';

/** Two records, the second of which has nothing that can be left out. */
function batch(change: Partial<RecordBatch> = {}): Uint8Array {
  const column = (first: number, second = 0) => [first, second];
  return RecordBatch.encode(
    RecordBatch.fromPartial({
      ingress: 'ingress-1',
      epoch: 'e1',
      first: 300n,
      at: 1_700_000_000_000n,
      dropped: 7n,
      privacy: RecordPrivacy.HASHED,
      traceHigh: 0x0123456789abcdefn,
      names: ['acme', 'bolt', 'MESSAGE', 'zürich.example', ''],
      kind: [RecordKind.TRANSACTION, RecordKind.REFUSED_HANDSHAKE],
      ago: column(250, 3),
      peer: column(1, 2),
      target: column(2),
      fromDomain: column(4),
      toDomain: column(0),
      method: column(3),
      event: column(0),
      rule: column(0),
      code: column(0, 2),
      sentence: column(0),
      answer: [RecordAnswer.FAR, RecordAnswer.UNSPECIFIED],
      status: column(200),
      total: column(4_294_967_295),
      decision: column(1),
      linkWait: column(2),
      far: column(3),
      requestBytes: column(400),
      answerBytes: column(300),
      tries: column(1),
      repeats: column(0),
      link: column(0),
      relay: column(0),
      source: column(0),
      fromUser: column(0),
      toUser: column(0),
      callId: ['call-1', ''],
      trace: [0xfedcba9876543210n, 1n],
      flags: column(5, 2),
      ...change,
    }),
  ).finish();
}

describe('a batch of records, read by its schema alone', () => {
  it('is what was written', () => {
    const read = readBatch(batch());
    expect(read).toMatchObject({ ingress: 'ingress-1', epoch: 'e1', first: 300, dropped: 7, privacy: 'hashed' });
    expect(read.records).toHaveLength(2);
    expect(read.records[0]).toMatchObject({
      number: 300,
      at: 1_700_000_000_000 - 250,
      kind: 'transaction',
      peer: 'acme',
      target: 'bolt',
      fromDomain: 'zürich.example',
      method: 'MESSAGE',
      answer: 'far',
      status: 200,
      total: 4_294_967_295,
      callId: 'call-1',
      trace: '0123456789abcdeffedcba9876543210',
      traced: true,
      marked: false,
      inDialog: true,
    });
    expect(read.records[1]).toMatchObject({ number: 301, kind: 'refused-handshake', answer: '', code: 'bolt', marked: true });
  });

  it.each<[string, Partial<RecordBatch>]>([
    ['a column too short', { status: [200] }],
    ['Call-IDs too many', { callId: ['a', 'b', 'c'] }],
    ['a name that is none', { peer: [1, 6] }],
  ])('%s: refused', (_, change) => {
    expect(() => readBatch(batch(change))).toThrow(RangeError);
  });

  it('that ends too early is refused', () => {
    const whole = batch();
    expect(() => readBatch(whole.subarray(0, whole.length - 1))).toThrow(RangeError);
  });
});
