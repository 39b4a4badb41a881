import type { Books, ReceivedRun, SenderBook } from './party-protocol.js';

/** What came of the traffic of one run, from the books of both ends. Times in ms, latencies from sending to the first final answer. */
export interface Account {
  readonly sent: number;
  /** With any final answer. */
  readonly answered: number;
  /** With the far member's own final answer. */
  readonly real: number;
  /** Final answers of the hub's own, by "status reason". */
  readonly refused: ReadonlyMap<string, number>;
  /** Final answers too many, and finals to nothing that was asked. */
  readonly duplicates: number;
  /** Without answer on connections that lived; of them, those that reached the far member. */
  readonly lost: number;
  readonly lostThere: number;
  /** Without answer on connections that ended meanwhile. */
  readonly died: number;
  /** Of them and of connections that ended from the fault on, by port. */
  readonly diedOn: ReadonlyMap<number, number>;
  readonly endedOn: ReadonlyMap<number, number>;
  /** Of those that ended, the ones that nobody had said would. */
  readonly brokenOn: ReadonlyMap<number, number>;
  /** Transactions the receiving proxy saw under two branches. */
  readonly twoBranches: number;
  /** Copies under one branch that it absorbed. */
  readonly copies: number;
  /** Answered in the name of a far member that never saw the request, as far as its books are there. */
  readonly invented: number;
  /** Refusals that do not say why; receivers make none. */
  readonly unexplained: number;
  /** Due and not sent, as no connection took it. */
  readonly heldBack: number;
  /** 503 without Retry-After. */
  readonly withoutRetryAfter: number;
  /** Longest latency. */
  readonly longest: number;
  /** Longest time from the fault on in which a sender that sent got no final answer at all. */
  readonly worstGap: number;
  /** From the fault to the last moment at which a request was sent that got no real answer within `slow` ms; 0: there was none. */
  readonly normalAfter: number;
  readonly pairs: readonly PairAccount[];
  /** What senders could not make sense of. */
  readonly troubles: readonly string[];
}

/** The same of one sender and one receiver. */
export interface PairAccount {
  /** Ids. */
  readonly from: string;
  readonly to: string;
  /** Whether the fault is its own trouble. */
  readonly concerned: boolean;
  /** Requests sent before the fault, the warm-up left out, and from it on. */
  readonly before: Span;
  readonly after: Span;
}

/** Requests of a span of time. */
export interface Span {
  readonly sent: number;
  readonly answered: number;
  readonly real: number;
  readonly lost: number;
  readonly died: number;
  /** Final answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** The hub's own, by "status reason". */
  readonly refused: ReadonlyMap<string, number>;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

/** What an account is made of. Moments are of moment.ts. */
export interface Evidence {
  readonly books: readonly Books[];
  /** Ids of members whose books as receivers are not whole: their processes died. */
  readonly blanks: ReadonlySet<string>;
  /** When the warm-up was over, the fault began, and the last request was sent. */
  readonly since: number;
  readonly faultAt: number;
  readonly endAt: number;
  /** What took longer was not normal, ms. */
  readonly slow: number;
  concerns(from: string, to: string): boolean;
}

/** The id of a member of the stage: the first label of its domain. */
export function memberOf(domain: string): string {
  return domain.split('.', 1)[0] ?? domain;
}

/** Balances the books of all parties. */
export function balance(evidence: Evidence): Account {
  const { books, blanks, since, faultAt } = evidence;
  const pairs: PairAccount[] = [];
  const senders = books.filter(({ sent }) => sent.count > 0).map(({ domain, sent }) => ({ from: memberOf(domain), sent }));
  const runs = books.flatMap(({ domain, received }) => received.runs.map((run) => ({ to: memberOf(domain), run })));
  const total = { duplicates: 0, lostThere: 0, invented: 0, unexplained: 0, normalAfter: 0, worstGap: 0 };
  const spans: Span[] = [];
  for (const { from, sent } of senders) {
    total.worstGap = Math.max(total.worstGap, longestGap(sent, evidence));
    total.normalAfter = Math.max(total.normalAfter, lastTrouble(sent, evidence));
    total.duplicates += sent.strays + sum(sent.times, (times) => Math.max(0, times - 1));
    for (const [peer, domain] of sent.peers.entries()) {
      const to = memberOf(domain);
      const seen = runs.find((one) => one.to === to && one.run.run === sent.run)?.run;
      const there = compare(sent, peer, seen);
      total.lostThere += there.lostThere;
      total.unexplained += there.unexplained;
      if (!blanks.has(to)) total.invented += there.invented;
      spans.push(spanOf(sent, peer, 0, Number.POSITIVE_INFINITY));
      pairs.push({
        from,
        to,
        concerned: evidence.concerns(from, to),
        before: spanOf(sent, peer, since, faultAt),
        after: spanOf(sent, peer, faultAt, Number.POSITIVE_INFINITY),
      });
    }
  }
  const add = (read: (span: Span) => number): number => spans.reduce((before, span) => before + read(span), 0);
  return {
    ...total,
    sent: add((span) => span.sent),
    answered: add((span) => span.answered),
    real: add((span) => span.real),
    lost: add((span) => span.lost),
    died: add((span) => span.died),
    refused: addMaps(spans.map((span) => span.refused)),
    diedOn: addMaps(senders.map(({ sent }) => diedByPort(sent))),
    endedOn: addMaps(senders.map(({ sent }) => endedByPort(sent, faultAt))),
    brokenOn: addMaps(senders.map(({ sent }) => endedByPort(sent, faultAt, 'broken'))),
    longest: Math.max(0, ...spans.map((span) => span.longest)),
    twoBranches: runs.reduce((before, { run }) => before + sum(run.otherBranch, (times) => Math.min(1, times)), 0),
    copies: runs.reduce((before, { run }) => before + sum(run.times, (times) => Math.max(0, times - 1)), 0),
    heldBack: senders.reduce((before, { sent }) => before + sent.heldBack, 0),
    withoutRetryAfter: senders.reduce((before, { sent }) => before + sent.retryAfter.missing, 0),
    pairs,
    troubles: senders.flatMap(({ from, sent }) => sent.troubles.map((trouble) => `${from}: ${trouble}`)),
  };
}

/** Requests to a peer sent in [from, until). */
function spanOf(book: SenderBook, peer: number, from: number, until: number): Span {
  const statuses = new Map<number, number>();
  const refused = new Map<string, number>();
  const latencies: number[] = [];
  const span = { sent: 0, answered: 0, real: 0, lost: 0, died: 0 };
  for (let number = 0; number < book.count; number += 1) {
    const sentAt = book.sentAt[number] ?? 0;
    if (book.peer[number] !== peer || sentAt < from || sentAt >= until) continue;
    span.sent += 1;
    if (book.times[number] === 0) {
      if (connectionLives(book, number)) span.lost += 1;
      else span.died += 1;
      continue;
    }
    span.answered += 1;
    const status = book.status[number] ?? 0;
    const code = book.reason[number] ?? 0;
    latencies.push((book.answeredAt[number] ?? 0) - sentAt);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (code === 0) span.real += 1;
    else {
      const name = `${status} ${book.reasons[code - 1]}`;
      refused.set(name, (refused.get(name) ?? 0) + 1);
    }
  }
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { ...span, statuses, refused, p50: quantile(0.5), p99: quantile(0.99), longest: quantile(1) };
}

function diedByPort(book: SenderBook): ReadonlyMap<number, number> {
  const died = new Map<number, number>();
  for (let number = 0; number < book.count; number += 1) {
    const connection = book.connections[book.connection[number] ?? 0];
    if (book.times[number] !== 0 || connection === undefined || connection.end === '') continue;
    died.set(connection.port, (died.get(connection.port) ?? 0) + 1);
  }
  return died;
}

function endedByPort({ connections }: SenderBook, faultAt: number, how?: 'broken'): ReadonlyMap<number, number> {
  const ended = connections.filter(({ end, closedAt }) => end !== '' && (how ?? end) === end && closedAt >= faultAt);
  return addMaps(ended.map(({ port }) => new Map([[port, 1]])));
}

function connectionLives(book: SenderBook, number: number): boolean {
  return book.connections[book.connection[number] ?? 0]?.end === '';
}

/** Holds what a sender wrote about a peer against what that peer wrote. */
function compare(
  book: SenderBook,
  peer: number,
  seen: ReceivedRun | undefined,
): { lostThere: number; invented: number; unexplained: number } {
  let lostThere = 0;
  let invented = 0;
  let unexplained = 0;
  for (let number = 0; number < book.count; number += 1) {
    if (book.peer[number] !== peer) continue;
    const arrived = (seen?.times[number] ?? 0) > 0;
    if (book.times[number] === 0) lostThere += arrived && connectionLives(book, number) ? 1 : 0;
    else if (book.reason[number] === 0) {
      if ((book.status[number] ?? 0) >= 300) unexplained += 1;
      else if (!arrived) invented += 1;
    }
  }
  return { lostThere, invented, unexplained };
}

function longestGap(book: SenderBook, { faultAt, endAt }: Evidence): number {
  const answers = book.answeredAt.filter((at) => at >= faultAt && at <= endAt).sort();
  let longest = 0;
  let last = faultAt;
  for (const at of [...answers, endAt]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

function lastTrouble(book: SenderBook, { faultAt, slow }: Evidence): number {
  for (let number = book.count - 1; number >= 0; number -= 1) {
    const sentAt = book.sentAt[number] ?? 0;
    if (sentAt < faultAt) return 0;
    const well = book.times[number] !== 0 && book.reason[number] === 0 && (book.answeredAt[number] ?? 0) - sentAt <= slow;
    if (!well) return sentAt - faultAt;
  }
  return 0;
}

function sum(array: Uint8Array, read: (value: number) => number): number {
  return array.reduce((before, value) => before + read(value), 0);
}

/** Counts by name, added up. */
export function addMaps<K>(maps: readonly ReadonlyMap<K, number>[]): ReadonlyMap<K, number> {
  const all = new Map<K, number>();
  for (const map of maps) for (const [name, count] of map) all.set(name, (all.get(name) ?? 0) + count);
  return all;
}
