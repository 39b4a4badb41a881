import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordBatch } from '../gen/guildhall/bus/v1/record.js';
import { nameOf, readRecordBatch, traceIdText } from './read-batch.js';
import { createRecordReader, type RecordColumns } from './record-columns.js';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const text = fc.string({ maxLength: 20, unit: 'grapheme' });

/** Batches whose columns fit. */
const batches: fc.Arbitrary<RecordBatch> = fc.integer({ min: 1, max: 40 }).chain((count) => {
  const column = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: count, maxLength: count });
  const numbers = column(uint32);
  return fc.array(text, { maxLength: 10 }).chain((names) => {
    const k = column(fc.integer({ min: 0, max: names.length }));
    return fc.record({
      ingress: fc.constant('ingress-1'),
      epoch: fc.constant('abc'),
      first: fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }),
      at: fc.bigInt({ min: 0n, max: 8_640_000_000_000_000n }),
      dropped: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
      privacy: fc.constantFrom(1, 2, 3),
      traceHigh: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      names: fc.constant(names),
      kind: column(fc.constantFrom(1, 2, 3)),
      ago: numbers,
      peer: k,
      target: k,
      fromDomain: k,
      toDomain: k,
      method: k,
      event: k,
      rule: k,
      code: k,
      sentence: k,
      answer: column(fc.constantFrom(1, 2)),
      status: column(fc.integer({ min: 0, max: 699 })),
      total: numbers,
      decision: numbers,
      linkWait: numbers,
      far: numbers,
      requestBytes: numbers,
      answerBytes: numbers,
      tries: numbers,
      repeats: numbers,
      link: k,
      relay: k,
      source: k,
      fromUser: k,
      toUser: k,
      callId: column(text),
      trace: column(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      flags: numbers,
    });
  });
});

const numberColumns = ['kind', 'ago', 'status', 'total', 'far', 'requestBytes', 'tries', 'flags', 'peer', 'toUser', 'answer'] as const;

function expectSame(columns: RecordColumns, batch: RecordBatch): void {
  expect([columns.ingress, columns.epoch, columns.first, columns.at, columns.dropped, columns.count, columns.names]).toEqual([
    batch.ingress,
    batch.epoch,
    Number(batch.first),
    Number(batch.at),
    Number(batch.dropped),
    batch.kind.length,
    batch.names.length,
  ]);
  for (const name of numberColumns) expect([...columns[name].subarray(0, columns.count)]).toEqual(batch[name]);
  for (const index of batch.kind.keys()) {
    expect(columns.callId(index)).toBe(batch.callId[index]);
    expect(columns.traceId(index)).toBe(traceIdText(batch, index));
    expect(columns.name(columns.code[index] ?? 0)).toBe(nameOf(batch, batch.code[index]));
  }
}

describe('a batch as columns', () => {
  const read = createRecordReader();

  it('is the same as a batch that is decoded, whatever was read before', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const columns = read(RecordBatch.encode(batch).finish());
        expect(columns).toBeDefined();
        if (columns !== undefined) expectSame(columns, batch);
      }),
      { numRuns: 200 },
    );
  });

  it('means nothing, or the same, when bytes of it are others', () => {
    fc.assert(
      fc.property(batches, fc.nat(), fc.integer({ min: 0, max: 255 }), (batch, at, byte) => {
        const payload = RecordBatch.encode(batch).finish();
        payload[at % payload.length] = byte;
        const columns = read(payload);
        const whole = readRecordBatch(payload);
        // What the generated reader takes besides is left out of figures, never taken for something else.
        if (columns !== undefined && whole !== undefined) expect(columns.count).toBe(whole.kind.length);
        if (columns !== undefined) expect(whole).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it('means nothing when it is cut off anywhere', () => {
    fc.assert(
      fc.property(batches, fc.nat(), (batch, at) => {
        const payload = RecordBatch.encode(batch).finish();
        const columns = read(payload.subarray(0, at % payload.length));
        expect(columns).toBeUndefined();
      }),
    );
  });

  it.each<[string, (batch: RecordBatch) => void]>([
    ['a column is shorter', (batch) => void batch.status.pop()],
    ['a column of texts is shorter', (batch) => void batch.callId.pop()],
    ['a column of trace ids is longer', (batch) => void batch.trace.push(1n)],
    ['a name is not there', (batch) => void batch.sentence.splice(0, 1, 1000)],
    ['it holds no record', (batch) => Object.assign(batch, RecordBatch.create(), { ingress: 'a', epoch: 'b', first: 1n })],
    ['nobody made it', (batch) => Object.assign(batch, { ingress: '' })],
    ['it begins nowhere', (batch) => Object.assign(batch, { first: 0n })],
  ])('means nothing when %s', (_what, harm) => {
    fc.assert(
      fc.property(batches, (batch) => {
        harm(batch);
        expect(read(RecordBatch.encode(batch).finish())).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    [[0, 0]],
    [[2, 1, 0]],
    [[1, 0, 0, 0, 0, 0, 0, 0, 0]],
    [[5, 0, 0, 0, 0]],
    [[0]],
    [[0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 15]],
    [[0x80, 0x80, 0x80, 0x80, 0x10, 1]],
  ])('means nothing where a field has a number that none has (%j): other readers stop there, or take it for another', (bytes) => {
    const [batch] = fc.sample(batches, 1);
    if (batch === undefined) throw new Error('there is no sample');
    const whole = RecordBatch.encode(batch).finish();
    expect(read(Buffer.from([...bytes, ...whole]))).toBeUndefined();
    expect(read(Buffer.from([...whole, ...bytes, ...RecordBatch.encode({ ...batch, names: [] }).finish()]))).toBeUndefined();
  });

  it('has its texts whole, also one that begins with a byte order mark', () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const marked = {
          ...batch,
          ingress: '\ufeffi',
          names: batch.names.map((one) => `\ufeff${one}`),
          callId: batch.callId.map((one) => `\ufeff${one}`),
        };
        const columns = read(RecordBatch.encode(marked).finish());
        expect(columns).toBeDefined();
        if (columns !== undefined) expectSame(columns, marked);
      }),
      { numRuns: 20 },
    );
  });

  it('passes over fields of a newer hub, and takes numbers that are not packed', () => {
    const batch = fc.sample(batches, 1)[0];
    if (batch === undefined) throw new Error('there is no sample');
    const newer = Buffer.from([...RecordBatch.encode(batch).finish(), 0xfa, 0x3f, 3, 1, 2, 3, 0xf8, 0x3f, 7, 0xfd, 0x3f, 1, 2, 3, 4]);
    const columns = read(newer);
    expect(columns).toBeDefined();
    if (columns !== undefined) expectSame(columns, batch);
  });
});
