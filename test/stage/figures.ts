import type { Tally, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import type { StoredRecord } from './stored-record.js';

/** What a Tally counts, as plain numbers; the distribution and what is drawn from it left out. */
export interface Figures {
  readonly requests: number;
  readonly ok: number;
  readonly redirected: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly globalErrors: number;
  readonly refused: number;
  readonly handshakesRefused: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly retries: number;
  readonly repeats: number;
}

/** All that adds up, by whom: what the wire, the stream and every feed must agree on. Whatever is 0 throughout is left out. */
export interface Totals {
  readonly all: Figures;
  /** By "acme > bolt". */
  readonly pairs: Readonly<Record<string, Figures>>;
  /** By member id. */
  readonly sent: Readonly<Record<string, Figures>>;
  readonly received: Readonly<Record<string, Figures>>;
  /** By "404 unknown-domain"; the far member's own answers have no code: "404". */
  readonly reasons: Readonly<Record<string, number>>;
  /** How many times are in the distribution. */
  readonly timed: number;
}

const nothing: Figures = {
  requests: 0,
  ok: 0,
  redirected: 0,
  clientErrors: 0,
  serverErrors: 0,
  globalErrors: 0,
  refused: 0,
  handshakesRefused: 0,
  requestBytes: 0,
  answerBytes: 0,
  retries: 0,
  repeats: 0,
};

/** What feeds say of a time: a frame or a point of the past. */
export type TrafficPart = Pick<TrafficPoint, 'all' | 'reasons' | 'members' | 'pairs' | 'otherPairs'>;

/** Counts records one by one, by nothing but the schema's words: the product's own fold is not asked. */
export function totalsOfRecords(records: readonly StoredRecord[]): Totals {
  const sums = createSums();
  for (const record of records) {
    const figures = figuresOf(record);
    sums.all(figures);
    sums.pair(record.peer, record.target, figures);
    sums.sent(record.peer, figures);
    sums.received(record.target, figures);
    if (record.code !== '' || record.status >= 300) sums.reason(record.code, record.status, 1);
    if (record.kind !== 'refused-handshake') sums.timed(1);
  }
  return sums.totals();
}

/** Adds up frames, or points of the past. */
export function totalsOfTraffic(parts: readonly TrafficPart[]): Totals {
  const sums = createSums();
  for (const { all, reasons, members, pairs, otherPairs } of parts) {
    if (otherPairs !== undefined && otherPairs.requests > 0n) sums.pair('other', 'other', plain(otherPairs));
    sums.all(plain(all));
    sums.timed((all?.count ?? []).reduce((sum, count) => sum + Number(count), 0));
    for (const { code, status, count } of reasons) sums.reason(code, status, Number(count));
    for (const { from, to, tally } of pairs) sums.pair(from, to, plain(tally));
    for (const { member, sent, received } of members) {
      sums.sent(member, plain(sent));
      sums.received(member, plain(received));
    }
  }
  return sums.totals();
}

function figuresOf({ kind, status, answer, requestBytes, answerBytes, tries, repeats }: StoredRecord): Figures {
  if (kind === 'refused-handshake') return { ...nothing, handshakesRefused: 1 };
  return {
    requests: 1,
    ok: Number(status >= 200 && status < 300),
    redirected: Number(status >= 300 && status < 400),
    clientErrors: Number(status >= 400 && status < 500),
    serverErrors: Number(status >= 500 && status < 600),
    globalErrors: Number(status >= 600),
    // Who is told where to turn, or asked the hub itself, was not refused.
    refused: Number(answer === 'hub' && status >= 400),
    handshakesRefused: 0,
    requestBytes,
    answerBytes,
    retries: Math.max(0, tries - 1),
    repeats,
  };
}

function plain(tally: Tally | undefined): Figures {
  if (tally === undefined) return nothing;
  return {
    requests: Number(tally.requests),
    ok: Number(tally.ok),
    redirected: Number(tally.redirected),
    clientErrors: Number(tally.clientErrors),
    serverErrors: Number(tally.serverErrors),
    globalErrors: Number(tally.globalErrors),
    refused: Number(tally.refused),
    handshakesRefused: Number(tally.handshakesRefused),
    requestBytes: Number(tally.requestBytes),
    answerBytes: Number(tally.answerBytes),
    retries: Number(tally.retries),
    repeats: Number(tally.repeats),
  };
}

function createSums() {
  let whole = nothing;
  let timed = 0;
  const pairs = new Map<string, Figures>();
  const sent = new Map<string, Figures>();
  const received = new Map<string, Figures>();
  const reasons = new Map<string, number>();
  const into = (map: Map<string, Figures>) => (name: string, figures: Figures) => {
    if (name === '' || isNothing(figures)) return;
    map.set(name, added(map.get(name) ?? nothing, figures));
  };
  const intoPair = into(pairs);
  return {
    all(figures: Figures) {
      whole = added(whole, figures);
    },
    timed(count: number) {
      timed += count;
    },
    pair(from: string, to: string, figures: Figures) {
      // A handshake is of no pair: nobody was asked for.
      if (figures.requests > 0) intoPair(`${from} > ${to}`, { ...figures, handshakesRefused: 0 });
    },
    sent: into(sent),
    received: into(received),
    reason(code: string, status: number, count: number) {
      const name = `${status} ${code}`.trim();
      if (count > 0) reasons.set(name, (reasons.get(name) ?? 0) + count);
    },
    totals: (): Totals => ({
      all: whole,
      pairs: sorted(pairs),
      sent: sorted(sent),
      received: sorted(received),
      reasons: sorted(reasons),
      timed,
    }),
  };
}

function added(one: Figures, other: Figures): Figures {
  return {
    requests: one.requests + other.requests,
    ok: one.ok + other.ok,
    redirected: one.redirected + other.redirected,
    clientErrors: one.clientErrors + other.clientErrors,
    serverErrors: one.serverErrors + other.serverErrors,
    globalErrors: one.globalErrors + other.globalErrors,
    refused: one.refused + other.refused,
    handshakesRefused: one.handshakesRefused + other.handshakesRefused,
    requestBytes: one.requestBytes + other.requestBytes,
    answerBytes: one.answerBytes + other.answerBytes,
    retries: one.retries + other.retries,
    repeats: one.repeats + other.repeats,
  };
}

function isNothing(figures: Figures): boolean {
  return Object.values(figures).every((value) => value === 0);
}

function sorted<V>(map: ReadonlyMap<string, V>): Record<string, V> {
  return Object.fromEntries([...map].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
