import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordBatch } from '../gen/guildhall/bus/v1/record.js';
import { batchSize } from './batch-size.js';

describe('the size of a batch', () => {
  it('is nothing where the bytes are no batch', () => {
    const payload = RecordBatch.encode(RecordBatch.fromPartial({ ingress: 'ingress-1', trace: [1n, 2n] })).finish();
    expect(batchSize(new Uint8Array())).toBe(0);
    expect(batchSize(payload.subarray(0, payload.length - 1))).toBe(0);
    expect(batchSize(Buffer.from('no protobuf at all'))).toBe(0);
  });

  it('never throws, whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => batchSize(bytes) >= 0));
  });

  it('is how many records it holds, whatever else stands in it', () => {
    const whole = fc.record({ records: fc.nat(300), names: fc.array(fc.string(), { maxLength: 20 }) });
    fc.assert(
      fc.property(whole, ({ records, names }) => {
        const trace = Array.from({ length: records }, (_, index) => BigInt(index));
        const kind = trace.map(() => 1);
        const payload = RecordBatch.encode(RecordBatch.fromPartial({ ingress: 'i', epoch: 'e', first: 1n, names, kind, trace })).finish();
        return batchSize(payload) === records;
      }),
    );
  });
});
