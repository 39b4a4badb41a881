import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordAnswer, RecordBatch, RecordKind, RecordPrivacy } from '../gen/guildhall/bus/v1/record.js';
import { endedAt, fitsTogether, nameOf, numberOf, readRecordBatch, recordCount, routingRecord, traceIdText } from './read-batch.js';

const nameColumns = [
  ...['peer', 'target', 'fromDomain', 'toDomain', 'method', 'event', 'rule'],
  ...['code', 'sentence', 'link', 'relay', 'source', 'fromUser', 'toUser'],
] as const;
const numberColumns = [
  ...['ago', 'status', 'total', 'decision', 'linkWait', 'far'],
  ...['requestBytes', 'answerBytes', 'tries', 'repeats', 'flags'],
] as const;

/** A batch of so many records in which every number is another. */
function batchOf(count: number): RecordBatch {
  const numbers = Object.fromEntries(numberColumns.map((name, at) => [name, Array.from({ length: count }, (_, n) => at * 100 + n)]));
  const names = Object.fromEntries(nameColumns.map((name, at) => [name, Array.from({ length: count }, () => at)]));
  return RecordBatch.fromPartial({
    ingress: 'ingress-1',
    epoch: 'e',
    first: 7n,
    at: 1_000_000n,
    privacy: RecordPrivacy.HASHED,
    traceHigh: 0xabcn,
    names: nameColumns.map((name) => `a ${name}`),
    kind: Array.from({ length: count }, () => RecordKind.TRANSACTION),
    answer: Array.from({ length: count }, () => RecordAnswer.HUB),
    callId: Array.from({ length: count }, (_, n) => `call ${n}`),
    trace: Array.from({ length: count }, (_, n) => BigInt(n + 1)),
    ...numbers,
    ...names,
  });
}

const bytesOf = (batch: RecordBatch): Uint8Array => RecordBatch.encode(batch).finish();
const fits = (change: (batch: RecordBatch) => void): boolean => {
  const batch = batchOf(3);
  change(batch);
  return readRecordBatch(bytesOf(batch)) !== undefined;
};

describe('a batch of records means nothing', () => {
  it('that is none', () => {
    expect(readRecordBatch(Buffer.from('no protobuf at all'))).toBeUndefined();
    expect(readRecordBatch(new Uint8Array())).toBeUndefined();
  });

  it.each([...nameColumns, ...numberColumns, 'answer', 'callId', 'trace'] as const)('whose column %s is longer or shorter', (column) => {
    expect(fits((batch) => batch[column].pop())).toBe(false);
    expect(
      fits((batch) => {
        const longer: unknown[] = batch[column];
        longer.push(longer[0]);
      }),
    ).toBe(false);
  });

  it.each(nameColumns)('whose column %s points beyond the names', (column) => {
    expect(fits((batch) => batch[column].splice(1, 1, batch.names.length))).toBe(true);
    expect(fits((batch) => batch[column].splice(1, 1, batch.names.length + 1))).toBe(false);
    expect(fits((batch) => batch[column].splice(1, 1, 0xffff_ffff))).toBe(false);
  });

  it('that is of nobody, begins nowhere or holds nothing', () => {
    expect(fits((batch) => Object.assign(batch, { ingress: '' }))).toBe(false);
    expect(fits((batch) => Object.assign(batch, { epoch: '' }))).toBe(false);
    expect(fits((batch) => Object.assign(batch, { first: 0n }))).toBe(false);
    expect(readRecordBatch(bytesOf(batchOf(0)))).toBeUndefined();
  });

  it('whatever the bytes are, and reading never throws', () => {
    const whole = bytesOf(batchOf(3));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(whole.length), (changes, end) => {
        const broken = Buffer.from(whole.subarray(0, end));
        for (const [at, byte] of changes) if (at < end) broken[at] = byte;
        const batch = readRecordBatch(broken);
        if (batch === undefined) return;
        expect(fitsTogether(batch)).toBe(true);
        for (let index = 0; index < recordCount(batch); index += 1) routingRecord(batch, index);
      }),
    );
  });
});

describe('a batch of records', () => {
  it('is read as it was written', () => {
    const batch = readRecordBatch(bytesOf(batchOf(2)));
    if (batch === undefined) throw new Error('it does not fit');
    expect(recordCount(batch)).toBe(2);
    expect(routingRecord(batch, 1)).toMatchObject({
      ...{ ingress: 'ingress-1', epoch: 'e', number: 8n, at: 999_999n, kind: 'transaction', answer: 'hub' },
      // The first column of names holds 0.
      ...{ peer: '', target: 'a peer', fromDomain: 'a target', toUser: 'a fromUser' },
      ...{ status: 101, total: 0.201, decision: 0.301, callId: 'call 1' },
    });
    expect(numberOf(batch, 1)).toBe(8n);
    expect(endedAt(batch, 1)).toBe(999_999);
    expect(nameOf(batch, 0)).toBe('');
    expect(traceIdText(batch, 1)).toBe('0000000000000abc0000000000000002');
  });

  it('of a newer hub has kinds without a name', () => {
    // kind 77 and answer 9, as the columns of one entry are written.
    const bytes = Buffer.concat([bytesOf({ ...batchOf(1), kind: [], answer: [] }), Buffer.from([0xa2, 1, 1, 77, 0xfa, 1, 1, 9])]);
    const batch = readRecordBatch(bytes);
    expect(batch === undefined ? undefined : routingRecord(batch, 0)).toMatchObject({ kind: '', answer: '' });
  });

  it('tells what is in its flags', () => {
    const batch = batchOf(1);
    batch.flags[0] = 5;
    expect(routingRecord(batch, 0)).toMatchObject({ traced: true, marked: false, inDialog: true });
  });
});
