import { describe, expect, it } from 'vitest';
import { type Account, balance, type Evidence } from './ledger.js';
import type { Books, ReceivedRun } from './party-protocol.js';
import { type Demands, judge } from './promise.js';

/** One transaction of acme's as its two ends wrote it down. */
interface Written {
  readonly at: number;
  /** When it was answered; none: never. */
  readonly answered?: number;
  readonly status?: number;
  readonly reason?: string;
  readonly times?: number;
  readonly to?: 'crow' | 'dune';
  /** Which of acme's two connections: the second one ends at 5,000. */
  readonly dying?: boolean;
  /** How often it came to the far member, and how often under another branch. */
  readonly came?: number;
  readonly other?: number;
}

const peers = ['crow.example', 'dune.example'];
const reasons = ['no-answer', 'hub-unavailable'];

/** The books of acme and its two peers. */
function books(written: readonly Written[], more: Partial<Books['sent']> = {}): readonly Books[] {
  const column = (read: (one: Written) => number): number[] => written.map(read);
  const sent: Books['sent'] = {
    run: 'r1',
    peers,
    count: written.length,
    peer: Uint8Array.from(column(({ to = 'crow' }) => peers.indexOf(`${to}.example`))),
    sentAt: Float64Array.from(column(({ at }) => at)),
    answeredAt: Float64Array.from(column(({ answered = 0 }) => answered)),
    status: Uint16Array.from(column(({ answered, status = 200 }) => (answered === undefined ? 0 : status))),
    reason: Uint8Array.from(column(({ reason = '' }) => reasons.indexOf(reason) + 1)),
    reasons,
    times: Uint8Array.from(column(({ answered, times = 1 }) => (answered === undefined ? 0 : times))),
    connection: Uint32Array.from(column(({ dying = false }) => (dying ? 1 : 0))),
    connections: [
      { port: 5061, openedAt: 1, closedAt: 0, end: '' },
      { port: 5062, openedAt: 1, closedAt: 5_000, end: 'broken' },
    ],
    retryAfter: { given: 0, missing: 0 },
    heldBack: 0,
    strays: 0,
    troubles: [],
    ...more,
  };
  const nobody: Books['sent'] = { ...sent, count: 0, strays: 0, heldBack: 0, troubles: [] };
  const received = (to: 'crow' | 'dune'): ReceivedRun => ({
    run: 'r1',
    firstAt: new Float64Array(written.length),
    times: Uint8Array.from(column((one) => ((one.to ?? 'crow') === to ? (one.came ?? 1) : 0))),
    otherBranch: Uint8Array.from(column((one) => ((one.to ?? 'crow') === to ? (one.other ?? 0) : 0))),
  });
  const server = (to: 'crow' | 'dune'): Books => ({
    domain: `${to}.example`,
    since: 0,
    sent: nobody,
    received: { runs: [received(to)], accepted: 1, ended: 0 },
  });
  return [{ domain: 'acme.example', since: 0, sent, received: { runs: [], accepted: 0, ended: 0 } }, server('crow'), server('dune')];
}

const evidence: Omit<Evidence, 'books'> = {
  blanks: new Set(),
  since: 1_000,
  faultAt: 5_000,
  endAt: 10_000,
  slow: 1_000,
  concerns: (_, to) => to === 'crow',
};

function account(written: readonly Written[], more: Partial<Evidence> = {}, book: Partial<Books['sent']> = {}): Account {
  return balance({ ...evidence, books: books(written, book), ...more });
}

/** Answered at once, three before the fault and three after. */
const good: readonly Written[] = [1_100, 2_000, 4_000, 5_100, 6_000, 9_500].map((at) => ({ at, answered: at + 10, to: 'dune' }));

describe('the account of a run', () => {
  it.each<readonly [string, Written, Partial<Account>]>([
    ['answered by the far member', { at: 6_000, answered: 6_020 }, { answered: 1, real: 1, lost: 0, normalAfter: 0 }],
    ['answered with the far member’s own refusal', { at: 6_000, answered: 6_020, status: 486 }, { answered: 1, real: 1, unexplained: 1 }],
    [
      'answered by the hub',
      { at: 6_000, answered: 6_020, status: 504, reason: 'no-answer', came: 0 },
      { answered: 1, real: 0, normalAfter: 1_000 },
    ],
    ['answered late', { at: 6_000, answered: 7_500 }, { real: 1, longest: 1_500, normalAfter: 1_000 }],
    ['answered twice', { at: 6_000, answered: 6_020, times: 3 }, { answered: 1, duplicates: 2 }],
    ['never answered, and it was there', { at: 6_000 }, { answered: 0, lost: 1, lostThere: 1, normalAfter: 1_000 }],
    ['never answered, and it never came', { at: 6_000, came: 0 }, { lost: 1, lostThere: 0 }],
    ['gone with its connection', { at: 4_900, dying: true }, { lost: 0, died: 1 }],
    ['answered though its connection went', { at: 4_900, dying: true, answered: 5_200 }, { lost: 0, died: 0, real: 1 }],
    ['there twice under one branch', { at: 6_000, answered: 6_020, came: 2 }, { copies: 1, twoBranches: 0 }],
    ['there under two branches', { at: 6_000, answered: 6_020, other: 2 }, { twoBranches: 1 }],
    ['answered in the name of who never saw it', { at: 6_000, answered: 6_020, came: 0 }, { invented: 1 }],
    ['before the fault is no trouble after it', { at: 4_000, answered: 9_000 }, { normalAfter: 0, longest: 5_000 }],
  ])('of one that is %s', (_, one, expected) => {
    expect(account([one])).toMatchObject({ sent: 1, ...expected });
  });

  it('believes nothing of a member whose books are gone', () => {
    expect(account([{ at: 6_000, answered: 6_020, came: 0 }], { blanks: new Set(['crow']) }).invented).toBe(0);
  });

  it('tells the pairs and the spans apart, without the warm-up', () => {
    const { pairs } = account([
      { at: 500, answered: 900, to: 'dune' },
      ...good,
      { at: 7_000, answered: 7_500, status: 504, reason: 'no-answer' },
    ]);
    expect(pairs.map(({ from, to, concerned, before, after }) => [from, to, concerned, before.sent, after.sent])).toEqual([
      ['acme', 'crow', true, 0, 1],
      ['acme', 'dune', false, 3, 3],
    ]);
    expect(pairs[0]?.after).toMatchObject({ real: 0, p99: 500, refused: new Map([['504 no-answer', 1]]) });
    expect(pairs[1]?.before.p99).toBe(10);
  });

  it('finds the longest silence from the fault to the end', () => {
    expect(account(good).worstGap).toBe(3_500);
    expect(account(good.slice(0, 3)).worstGap).toBe(5_000);
  });

  it('counts connections and what went with them by port', () => {
    const { diedOn, endedOn, brokenOn } = account([{ at: 4_900, dying: true }]);
    expect([diedOn, endedOn, brokenOn]).toEqual([new Map([[5062, 1]]), new Map([[5062, 1]]), new Map([[5062, 1]])]);
  });
});

describe('a promise', () => {
  const bad = (one: Written, demands: Demands = {}, book: Partial<Books['sent']> = {}): readonly string[] =>
    judge(account([...good, one], {}, book), demands);

  it('is kept by what went well', () => {
    expect(judge(account(good), { real: 1, normalAfter: 0, refusals: [], othersP99: { ratio: 2, floor: 0 } })).toEqual([]);
  });

  it.each<readonly [RegExp, Written, Demands]>([
    [/1 got no answer on connections that lived \(1 of them/, { at: 6_000 }, {}],
    [/1 answers were too many/, { at: 6_000, answered: 6_010, times: 2 }, {}],
    [/1 transactions reached the far member under two branches/, { at: 6_000, answered: 6_010, other: 1 }, {}],
    [/1 died with their connection/, { at: 4_900, dying: true }, {}],
    [/1 refusals came without a reason/, { at: 6_000, answered: 6_010, status: 486 }, {}],
    [/1 were answered in the name of a member/, { at: 6_000, answered: 6_010, came: 0 }, {}],
    [/the slowest answer took 33\.0 s, 32\.0 s is the bound/, { at: 6_000, answered: 39_000 }, {}],
    [/normal again after 1000 ms/, { at: 6_000, answered: 8_000 }, { normalAfter: 500 }],
    [/heard nothing at all for 3490 ms/, { at: 6_000, answered: 6_020 }, { worstGap: 3_000 }],
    [/^85\.714 % of all requests/, { at: 6_000, answered: 6_010, status: 504, reason: 'no-answer' }, { real: 0.999 }],
    [/1 were answered 504 no-answer, which may not be/, { at: 6_000, answered: 6_010, status: 504, reason: 'no-answer' }, { refusals: [] }],
    [
      /1 from acme to dune were answered 503/,
      { at: 6_000, answered: 6_010, to: 'dune', status: 503, reason: 'hub-unavailable' },
      { othersReal: 0 },
    ],
    [/75\.000 % from acme to dune/, { at: 6_000, answered: 6_010, to: 'dune', status: 504, reason: 'no-answer' }, {}],
    [
      /p99 from acme to dune was 40 ms, before the fault 10 ms: more than 20 ms/,
      { at: 6_000, answered: 6_040, to: 'dune' },
      { othersP99: { ratio: 2, floor: 5 } },
    ],
  ])('is broken: %s', (sentence, one, demands) => {
    const broken = bad(one, demands);
    expect(
      broken.some((words) => sentence.test(words)),
      broken.join('; '),
    ).toBe(true);
  });

  it('is broken by a 503 without Retry-After, by answers to nothing, and by what cannot be read', () => {
    const broken = bad(
      { at: 6_000, answered: 6_010 },
      {},
      { retryAfter: { given: 1, missing: 2 }, strays: 1, troubles: ['not a response'] },
    );
    expect(broken).toEqual(['1 answers were too many, 0 may', '2 times 503 came without Retry-After, 0 may', 'acme: not a response']);
  });
});
