import { sampleKey } from '@guildhall/chassis/trace-context';
import { RecordAnswer, RecordBatch, RecordKind, RecordPrivacy } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import { readRecordBatch, recordCount, routingRecord } from '@guildhall/proto/records/read-batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordColumns, type RecordFacts } from './record-columns.js';
import { createRecordUsers } from './record-users.js';

const users = { privacy: RecordPrivacy.FULL, user: (uri: string) => uri.slice(4), put: () => 0, sentence: (told: string) => told };
const link = { ingress: 'ingress-1', epoch: 'now', traceHigh: 0xabcdn, batchCount: 50, batchBytes: 100_000 };

const numbers = fc.nat(0xffff_ffff);
/** Mostly few different ones, as names are, of any length and script. */
const text = fc.oneof(fc.constantFrom('', 'acme', 'bolt'), fc.string({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 20 }));
const facts: fc.Arbitrary<RecordFacts> = fc.record({
  ...{
    kind: fc.constantFrom(RecordKind.TRANSACTION, RecordKind.REFUSED_REQUEST),
    answer: fc.constantFrom(RecordAnswer.FAR, RecordAnswer.HUB),
  },
  ...{ endedAt: fc.nat(1000), peer: text, target: text, fromDomain: text, toDomain: text, method: text, event: text, rule: text },
  ...{ code: fc.constantFrom('', 'allowed', 'expired'), sentence: text, status: fc.nat(699), total: numbers, decision: numbers },
  ...{ linkWait: numbers, far: numbers, requestBytes: numbers, answerBytes: numbers, tries: numbers, repeats: numbers, link: text },
  ...{ relay: text, source: text, fromUri: text.map((uri) => `sip:${uri}`), toUri: text.map((uri) => `sip:${uri}`), callId: text },
  ...{ serial: fc.nat(Number.MAX_SAFE_INTEGER), flags: fc.nat(7) },
});

describe('records in columns', () => {
  it('are read as they were added, batch after batch', () => {
    const columns = createRecordColumns(link);
    fc.assert(
      fc.property(fc.array(facts, { minLength: 1, maxLength: 50 }), (all) => {
        expect(all.every((one) => columns.add(one, users))).toBe(true);
        const batch = readRecordBatch(columns.take(7, 3, 1000, 5_000_000));
        if (batch === undefined) throw new Error('it does not fit');
        expect(batch).toMatchObject({
          ingress: 'ingress-1',
          epoch: 'now',
          first: 7n,
          dropped: 3n,
          at: 5_000_000n,
          privacy: RecordPrivacy.FULL,
        });
        expect(recordCount(batch)).toBe(all.length);
        for (const [index, one] of all.entries()) {
          const read = routingRecord(batch, index);
          expect(read).toMatchObject({
            ...{
              peer: one.peer,
              target: one.target,
              fromDomain: one.fromDomain,
              toDomain: one.toDomain,
              method: one.method,
              event: one.event,
            },
            ...{ rule: one.rule, code: one.code, sentence: one.sentence, status: one.status, tries: one.tries, repeats: one.repeats },
            ...{ link: one.link, relay: one.relay, source: one.source, fromUser: one.fromUri.slice(4), toUser: one.toUri.slice(4) },
            ...{ callId: one.callId, requestBytes: one.requestBytes, answerBytes: one.answerBytes, total: one.total / 1000 },
            ...{
              decision: one.decision / 1000,
              linkWait: one.linkWait / 1000,
              far: one.far / 1000,
              at: BigInt(5_000_000 - 1000 + one.endedAt),
            },
          });
          expect(read.traceId.startsWith('000000000000abcd')).toBe(true);
          expect(Number.parseInt(read.traceId.slice(24), 16)).toBe(sampleKey(one.serial));
          expect(Number.parseInt(read.traceId.slice(16, 24), 16)).toBe(Math.floor(one.serial / 2 ** 32));
        }
      }),
      { numRuns: 60 },
    );
  });

  const one: RecordFacts = {
    ...{ kind: RecordKind.TRANSACTION, answer: RecordAnswer.FAR, endedAt: 0, peer: 'acme', target: 'bolt', fromDomain: '', toDomain: '' },
    ...{ method: 'MESSAGE', event: '', rule: '', code: '', sentence: '', status: 200, total: 1, decision: 0, linkWait: 0, far: 0 },
    ...{
      requestBytes: 1,
      answerBytes: 1,
      tries: 1,
      repeats: 0,
      link: '',
      relay: '',
      source: '',
      fromUri: 'sip:a@b',
      toUri: '',
      callId: 'c',
    },
    ...{ serial: 1, flags: 0 },
  };

  it('are so many at most, and so large', () => {
    const few = createRecordColumns({ ...link, batchCount: 2 });
    expect([1, 2, 3].map(() => few.add(one, users))).toEqual([true, true, false]);
    const small = createRecordColumns({ ...link, batchBytes: 20_000 });
    let count = 0;
    while (small.add({ ...one, callId: 'ü'.repeat(200), rule: `rule ${count}` }, users)) count += 1;
    const payload = small.take(1, 0, 0, 0);
    expect(count).toBeGreaterThan(10);
    expect(payload.length).toBeLessThan(20_000 + 1_000);
    expect(payload.length).toBeGreaterThan(10_000);
  });

  it('are never more bytes than wanted, whatever members and policies write', () => {
    const long = fc.nat(8_000).map((size) => 'ü'.repeat(size));
    const hostile = fc.record({
      ...{ fromUri: long, toUri: long, fromDomain: long.map((text) => text.slice(0, 4_000)) },
      // Of a rule, which may be in any script.
      sentence: fc.tuple(fc.nat(999), fc.nat(390)).map(([number, size]) => `${number} ${'語'.repeat(size)}`),
      callId: fc.nat(256).map((size) => 'ü'.repeat(size)),
      status: fc.constant(0xffff_ffff),
    });
    const batchBytes = 90_000;
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 200, maxLength: 400 }), (all) => {
        const columns = createRecordColumns({ ...link, batchCount: 400, batchBytes });
        const count = all.findIndex((differs, serial) => !columns.add({ ...one, ...differs, serial: serial + 2 ** 40 }, users));
        const payload = columns.take(1, 0, 2 ** 33, 0);
        expect(payload.length).toBeLessThanOrEqual(batchBytes);
        expect(recordCount(readRecordBatch(payload) ?? RecordBatch.fromPartial({}))).toBe(count < 0 ? all.length : count);
      }),
      { numRuns: 20 },
    );
  });

  it('are of one privacy: a batch ends where hashes begin', () => {
    const columns = createRecordColumns(link);
    const hashed = createRecordUsers('hashed');
    expect(hashed.wantsKey()).toBe(true);
    expect(columns.add({ ...one, fromUri: 'sip:alice@acme.example' }, hashed.now())).toBe(true);
    expect(hashed.learn(Buffer.alloc(31))).toBe(false);
    expect(hashed.learn(Buffer.alloc(32, 1))).toBe(true);
    expect(hashed.wantsKey()).toBe(false);
    expect(columns.add({ ...one, fromUri: 'sip:alice@acme.example' }, hashed.now())).toBe(false);
    const before = readRecordBatch(columns.take(1, 0, 0, 0));
    expect(before).toMatchObject({ privacy: RecordPrivacy.DOMAIN, names: ['acme', 'bolt', 'MESSAGE', 'acme.example'] });
    expect(columns.add({ ...one, fromUri: 'sip:alice@acme.example' }, hashed.now())).toBe(true);
    const after = readRecordBatch(columns.take(2, 0, 0, 0));
    expect(after?.privacy).toBe(RecordPrivacy.HASHED);
    expect(after?.names[3]).toMatch(/^~[A-Za-z0-9_-]{11}@acme\.example$/);
  });

  it('remember hashes, but not without end', () => {
    const hashed = createRecordUsers('hashed');
    hashed.learn(Buffer.alloc(32, 1));
    const { user } = hashed.now();
    const told = Array.from({ length: 100 }, (_, n) => user(`sip:u${n}@acme.example`));
    expect(new Set(told).size).toBe(100);
    expect(Array.from({ length: 100 }, (_, n) => user(`sip:u${n}@acme.example`))).toEqual(told);
  });
});
