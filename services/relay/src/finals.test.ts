import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import { describe, expect, it } from 'vitest';
import { createFinals } from './finals.js';

/** A batch of finals `[transaction, status, text]`, with a provisional between them that must never be told as a final. */
function batch(...finals: readonly (readonly [number, number, string])[]): Uint8Array {
  return OutcomeBatch.encode({
    relay: 'r',
    epoch: 'e',
    lag: 0,
    gone: [],
    kind: finals.flatMap(() => [OutcomeKind.PROVISIONAL, OutcomeKind.FINAL]),
    transaction: finals.flatMap(([number]) => [number, number]),
    status: finals.flatMap(([, status]) => [180, status]),
    reason: finals.flatMap(() => [0, 0]),
    length: finals.flatMap(([, , text]) => [7, text.length]),
    wire: Buffer.from(finals.map(([, , text]) => `ringing${text}`).join(''), 'latin1'),
  }).finish();
}

const told = (finals: ReturnType<typeof createFinals>): string[] =>
  [...finals.read()].map(([number, { status, wire, start, end }]) => `${number} ${status} ${wire.toString('latin1', start, end)}`);

describe('the finals a relay has told lately', () => {
  it('are known by transaction, provisionals are not, and the latest counts', () => {
    const finals = createFinals(10_000, 100);
    finals.keep(batch([1, 200, 'one'], [2, 486, 'two']), 0);
    finals.keep(batch([1, 202, 'again']), 1);
    expect(told(finals)).toEqual(['1 202 again', '2 486 two']);
    expect(finals.read().get(3)).toBeUndefined();
  });

  it('are forgotten when they are old', () => {
    const finals = createFinals(10_000, 100);
    finals.keep(batch([1, 200, 'one']), 0);
    finals.keep(batch([2, 200, 'two']), 50);
    finals.age(100);
    expect(told(finals)).toEqual(['1 200 one', '2 200 two']);
    finals.age(101);
    expect(told(finals)).toEqual(['2 200 two']);
    finals.age(151);
    expect([told(finals), finals.bytes()]).toEqual([[], 0]);
  });

  it('never take more than they may, and the oldest go first', () => {
    const size = batch([1, 200, 'one']).length;
    const finals = createFinals(size * 10, 1_000);
    for (let number = 1; number <= 105; number += 1) {
      finals.keep(batch([number % 9, 200, 'one']), number);
      expect(finals.bytes()).toBeLessThanOrEqual(size * 10);
    }
    expect(finals.read().has(105 % 9)).toBe(true);
  });
});
