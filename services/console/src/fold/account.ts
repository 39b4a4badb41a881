import type { Tally } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { latencyBuckets, quantileOf } from '@guildhall/proto/traffic/latency';

/** Where in an account's counts what is counted; the distribution of times stands behind. */
export const slots = {
  none: 0,
  requests: 1,
  ok: 2,
  redirected: 3,
  clientErrors: 4,
  serverErrors: 5,
  globalErrors: 6,
  refused: 7,
  handshakes: 8,
  requestBytes: 9,
  answerBytes: 10,
  retries: 11,
  repeats: 12,
} as const;

/** Where the distribution of times begins. */
export const bucketsAt = 13;
const size = bucketsAt + latencyBuckets;

/** What was counted of one thing in one period, as plain numbers; and how often for which reason, by its number. */
export interface Account {
  readonly counts: Float64Array;
  reasons: Map<number, number> | undefined;
}

/** An account of nothing. */
export function makeAccount(): Account {
  return { counts: new Float64Array(size), reasons: undefined };
}

/** Makes it an account of nothing again. */
export function clearAccount(account: Account): void {
  account.counts.fill(0);
  account.reasons = undefined;
}

/** Adds what `from` counted. */
export function addAccount(into: Account, from: Account): void {
  const { counts } = into;
  for (let slot = 0; slot < size; slot += 1) counts[slot] = (counts[slot] ?? 0) + (from.counts[slot] ?? 0);
  for (const [reason, count] of from.reasons ?? []) countReason(into, reason, count, Number.MAX_SAFE_INTEGER);
}

/** Counts a reason; those beyond `most` different ones are counted as reason 0. */
export function countReason(account: Account, reason: number, count: number, most: number): void {
  account.reasons ??= new Map();
  const { reasons } = account;
  const known = reasons.get(reason);
  if (known === undefined && reasons.size >= most) reasons.set(0, (reasons.get(0) ?? 0) + count);
  else reasons.set(reason, (known ?? 0) + count);
}

/** The counts as a message. */
export function tallyOf({ counts }: Account): Tally {
  const at = (slot: number): bigint => BigInt(counts[slot] ?? 0);
  const buckets = counts.subarray(bucketsAt);
  const tally: Tally = {
    requests: at(slots.requests),
    ok: at(slots.ok),
    redirected: at(slots.redirected),
    clientErrors: at(slots.clientErrors),
    serverErrors: at(slots.serverErrors),
    globalErrors: at(slots.globalErrors),
    refused: at(slots.refused),
    handshakesRefused: at(slots.handshakes),
    requestBytes: at(slots.requestBytes),
    answerBytes: at(slots.answerBytes),
    retries: at(slots.retries),
    repeats: at(slots.repeats),
    bucket: [],
    count: [],
    p50: quantileOf(buckets, 0.5),
    p99: quantileOf(buckets, 0.99),
  };
  for (let bucket = 0; bucket < latencyBuckets; bucket += 1) {
    const count = buckets[bucket] ?? 0;
    if (count === 0) continue;
    tally.bucket.push(bucket);
    tally.count.push(BigInt(count));
  }
  return tally;
}
