import type { MemberTraffic, PairTraffic, ReasonCount, Tally, TrafficFrame, TrafficPoint } from '../gen/guildhall/metrics/v1/traffic.js';
import { latencyBuckets, quantileOf } from './latency.js';

/** A tally of nothing. */
export function emptyTally(): Tally {
  return {
    requests: 0n,
    ok: 0n,
    redirected: 0n,
    clientErrors: 0n,
    serverErrors: 0n,
    globalErrors: 0n,
    refused: 0n,
    handshakesRefused: 0n,
    requestBytes: 0n,
    answerBytes: 0n,
    retries: 0n,
    repeats: 0n,
    bucket: [],
    count: [],
    p50: 0,
    p99: 0,
  };
}

/** Both together; quantiles are found anew in the summed distribution. Neither is changed. */
export function addTallies(a: Tally | undefined, b: Tally | undefined): Tally {
  if (a === undefined || b === undefined) return a ?? b ?? emptyTally();
  const counts = new Array<number>(latencyBuckets).fill(0);
  for (const { bucket, count } of [a, b]) {
    for (const [index, at] of bucket.entries()) if (at < latencyBuckets) counts[at] = (counts[at] ?? 0) + Number(count[index] ?? 0n);
  }
  const filled = [...counts.keys()].filter((at) => counts[at] !== 0);
  return {
    requests: a.requests + b.requests,
    ok: a.ok + b.ok,
    redirected: a.redirected + b.redirected,
    clientErrors: a.clientErrors + b.clientErrors,
    serverErrors: a.serverErrors + b.serverErrors,
    globalErrors: a.globalErrors + b.globalErrors,
    refused: a.refused + b.refused,
    handshakesRefused: a.handshakesRefused + b.handshakesRefused,
    requestBytes: a.requestBytes + b.requestBytes,
    answerBytes: a.answerBytes + b.answerBytes,
    retries: a.retries + b.retries,
    repeats: a.repeats + b.repeats,
    bucket: filled,
    count: filled.map((at) => BigInt(counts[at] ?? 0)),
    p50: quantileOf(counts, 0.5),
    p99: quantileOf(counts, 0.99),
  };
}

/** Counts of the same reason together, most first. */
export function addReasons(a: readonly ReasonCount[], b: readonly ReasonCount[]): ReasonCount[] {
  const sums = new Map<string, ReasonCount>();
  for (const one of [...a, ...b]) {
    const key = `${one.status} ${one.code}`;
    sums.set(key, { ...one, count: one.count + (sums.get(key)?.count ?? 0n) });
  }
  return [...sums.values()].sort((x, y) => (x.count === y.count ? 0 : x.count > y.count ? -1 : 1));
}

/** Counters of both; how things stand is taken from `b`. */
export function addMembers(a: readonly MemberTraffic[], b: readonly MemberTraffic[]): MemberTraffic[] {
  return joined(
    a,
    b,
    ({ member }) => member,
    (one, other) => ({
      ...other,
      sent: addTallies(one.sent, other.sent),
      received: addTallies(one.received, other.received),
      reasons: addReasons(one.reasons, other.reasons),
    }),
  );
}

/** Counters of both. */
export function addPairs(a: readonly PairTraffic[], b: readonly PairTraffic[]): PairTraffic[] {
  return joined(
    a,
    b,
    // Ids of members hold no blank.
    ({ from, to }) => `${from} ${to}`,
    (one, other) => ({ ...other, tally: addTallies(one.tally, other.tally), reasons: addReasons(one.reasons, other.reasons) }),
  );
}

/** Two frames as if they were one, the second the later: counters add up, the rest is how things stand in the later. */
export function addFrames(a: TrafficFrame, b: TrafficFrame): TrafficFrame {
  return {
    ...b,
    full: a.full || b.full,
    sampled: Math.max(a.sampled, b.sampled),
    all: addTallies(a.all, b.all),
    reasons: addReasons(a.reasons, b.reasons),
    members: addMembers(a.members, b.members),
    pairs: addPairs(a.pairs, b.pairs),
    otherPairs: addTallies(a.otherPairs, b.otherPairs),
    dropped: a.dropped + b.dropped,
    lost: a.lost + b.lost,
  };
}

/** Two points as one, the second the later, or of the same time. */
export function addPoints(a: TrafficPoint, b: TrafficPoint): TrafficPoint {
  const end = b.from + b.length > a.from + a.length ? b.from + b.length : a.from + a.length;
  const from = a.from < b.from ? a.from : b.from;
  return {
    ...b,
    from,
    length: end - from,
    all: addTallies(a.all, b.all),
    reasons: addReasons(a.reasons, b.reasons),
    members: addMembers(a.members, b.members),
    pairs: addPairs(a.pairs, b.pairs),
    otherPairs: addTallies(a.otherPairs, b.otherPairs),
    sampled: Math.max(a.sampled, b.sampled),
    dropped: a.dropped + b.dropped,
    lost: a.lost + b.lost,
  };
}

function joined<T>(a: readonly T[], b: readonly T[], keyOf: (one: T) => string, add: (one: T, other: T) => T): T[] {
  const all = new Map(a.map((one) => [keyOf(one), one]));
  for (const other of b) {
    const key = keyOf(other);
    const one = all.get(key);
    all.set(key, one === undefined ? other : add(one, other));
  }
  return [...all.values()];
}
