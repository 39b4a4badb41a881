import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { describe, expect, it } from 'vitest';
import { createFinals } from './finals.js';

/** A batch of finals `[transaction, status, text]`, with a provisional between them that must never be told as a final. */
function batch(...finals: readonly (readonly [number, number, string])[]): Uint8Array {
  return OutcomeBatch.encode({
    relay: 'r',
    epoch: 'e',
    lag: 0,
    heard: 0,
    heardAge: 0,
    gone: [],
    kind: finals.flatMap(() => [OutcomeKind.PROVISIONAL, OutcomeKind.FINAL]),
    transaction: finals.flatMap(([number]) => [number, number]),
    status: finals.flatMap(([, status]) => [180, status]),
    reason: finals.flatMap(() => [0, 0]),
    length: finals.flatMap(([, , text]) => [7, text.length]),
    link: [],
    waited: [],
    took: [],
    tries: [],
    links: [],
    wire: Buffer.from(finals.map(([, , text]) => `ringing${text}`).join(''), 'latin1'),
  }).finish();
}

/** A batch that says of a transaction that no response will come. */
function goneBatch(number: number): Uint8Array {
  const gone = [{ code: 'member-unreachable', sentence: 'why' }];
  const columns = { kind: [OutcomeKind.GONE], transaction: [number], status: [0], reason: [1], length: [0] };
  return OutcomeBatch.encode(OutcomeBatch.fromPartial({ relay: 'r', epoch: 'e', gone, ...columns })).finish();
}

const told = (finals: ReturnType<typeof createFinals>): string[] =>
  [...finals.read()].map(([number, final]) =>
    final.kind === 'gone'
      ? `${number} ${final.code} ${final.sentence}`
      : `${number} ${final.status} ${final.wire.toString('latin1', final.start, final.end)}`,
  );

describe('the finals a relay has told lately', () => {
  it('are known by transaction, provisionals are not, and the latest counts', () => {
    const finals = createFinals(10_000, 100);
    finals.keep(batch([1, 200, 'one'], [2, 486, 'two']), true, 0);
    expect(told(finals)).toEqual(['1 200 one', '2 486 two']);
    finals.keep(batch([1, 202, 'again']), true, 1);
    finals.keep(goneBatch(7), true, 1);
    expect(told(finals)).toEqual(['1 202 again', '2 486 two', '7 member-unreachable why']);
    expect(finals.read().get(3)).toBeUndefined();
  });

  it('are forgotten when they are old', () => {
    const finals = createFinals(10_000, 100);
    finals.keep(batch([1, 200, 'one']), true, 0);
    finals.keep(batch([2, 200, 'two']), true, 50);
    finals.age(100);
    expect(told(finals)).toEqual(['1 200 one', '2 200 two']);
    finals.age(101);
    expect(told(finals)).toEqual(['2 200 two']);
    finals.age(151);
    expect([told(finals), finals.bytes()]).toEqual([[], 0]);
  });

  it('never take more than they may, and the oldest go first; what was never sent is counted', () => {
    const size = batch([1, 200, 'one']).length;
    const finals = createFinals(size * 10, 1_000);
    let lost = 0;
    for (let number = 1; number <= 1_005; number += 1) {
      lost += finals.keep(batch([number, 200, 'one']), number > 3, number);
      expect(finals.bytes()).toBeLessThanOrEqual(size * 10);
    }
    expect(lost).toBe(3);
    expect([...finals.read().keys()]).toEqual(Array.from({ length: 10 }, (_, index) => 996 + index));
  });

  it('are all handed out again in order, and are young from then on', () => {
    const finals = createFinals(10_000, 100);
    const batches = [batch([1, 200, 'one']), batch([2, 200, 'two'])];
    for (const [index, payload] of batches.entries()) finals.keep(payload, index === 0, index * 50);
    const out: Uint8Array[] = [];
    finals.again((payload) => out.push(payload), 5_000);
    expect(out).toEqual(batches);
    finals.age(5_100);
    expect(told(finals)).toEqual(['1 200 one', '2 200 two']);
    finals.age(5_101);
    expect(told(finals)).toEqual([]);
  });
});
