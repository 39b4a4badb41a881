import { bucketOf } from '@guildhall/proto/traffic/latency';
import { expect, it } from 'vitest';
import { addAccount, bucketsAt, countReason, makeAccount, slots, tallyOf } from './account.js';

/** So many requests that took so long, µs. */
function took(...times: readonly (readonly [count: number, microseconds: number])[]) {
  const account = makeAccount();
  for (const [count, microseconds] of times) {
    account.counts[slots.requests] = (account.counts[slots.requests] ?? 0) + count;
    const slot = bucketsAt + bucketOf(microseconds);
    account.counts[slot] = (account.counts[slot] ?? 0) + count;
  }
  return account;
}

it('tells the median and the time that 99 of 100 did not exceed, each for itself', () => {
  const { p50, p99 } = tallyOf(took([95, 1000], [5, 1_000_000]));
  expect(p50).toBeGreaterThan(0.5);
  expect(p50).toBeLessThanOrEqual(1.25);
  expect(p99).toBeGreaterThan(800);
  expect(p99).toBeLessThanOrEqual(1050);
  expect(tallyOf(makeAccount())).toMatchObject({ p50: 0, p99: 0, bucket: [], count: [] });
});

it('counts reasons beyond what is told apart as one, and loses none', () => {
  const account = makeAccount();
  for (const reason of [7, 8, 9, 7]) countReason(account, reason, 1, 2);
  expect([...(account.reasons ?? [])]).toEqual([
    [7, 2],
    [8, 1],
    [0, 1],
  ]);
  const sum = makeAccount();
  addAccount(sum, account);
  addAccount(sum, account);
  expect([...(sum.reasons ?? [])].reduce((total, [, count]) => total + count, 0)).toBe(8);
});
