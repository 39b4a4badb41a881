import type { Account, PairAccount } from './ledger.js';

/** What an account is held against; what is not named is not asked. Ratios from 0 to 1, times in ms. */
export interface Demands {
  /** Most transactions without any answer on connections that lived; default 0. */
  readonly lost?: number;
  /** Default 0. */
  readonly duplicates?: number;
  /** Default 0. */
  readonly twoBranches?: number;
  /** Most that die with their connections; default 0. */
  readonly died?: number;
  /** Slowest answer of all; default 32,000 (RFC 3261 17.1.2.2: then the sender has given up). */
  readonly longest?: number;
  /** Least share of requests with the far member's own answer, over all that did not die with their connection. */
  readonly real?: number;
  /** The same of the pairs not concerned, each; default 1. */
  readonly othersReal?: number;
  /** Latest `normalAfter`. */
  readonly normalAfter?: number;
  readonly worstGap?: number;
  /** p99 after the fault of every pair not concerned: at most `ratio` times that before, or `floor` ms if that is more. */
  readonly othersP99?: { readonly ratio: number; readonly floor: number };
  /** Refusals that may be: "status reason". Any other is broken; default any may be. */
  readonly refusals?: readonly string[];
  /** Pairs not concerned may see 503; default they may not. */
  readonly others503?: boolean;
  /** Most 503 without Retry-After; default 0. */
  readonly withoutRetryAfter?: number;
}

/** What broke, a sentence each, with the figure that is. */
export function judge(account: Account, demands: Demands): readonly string[] {
  const others = account.pairs.filter((pair) => !pair.concerned);
  const { lost = 0, duplicates = 0, twoBranches = 0, died = 0, longest = 32_000, othersReal = 1, withoutRetryAfter = 0 } = demands;
  return [
    ...atMost(account.lost, lost, `got no answer on connections that lived (${account.lostThere} of them had reached the far member)`),
    ...atMost(account.duplicates, duplicates, 'answers were too many'),
    ...atMost(account.twoBranches, twoBranches, 'transactions reached the far member under two branches'),
    ...atMost(account.died, died, 'died with their connection'),
    ...atMost(account.invented, 0, 'were answered in the name of a member that never saw them'),
    ...atMost(account.unexplained, 0, 'refusals came without a reason'),
    ...atMost(account.withoutRetryAfter, withoutRetryAfter, 'times 503 came without Retry-After'),
    ...inTime('the slowest answer took', account.longest, longest),
    ...inTime('traffic was normal again after', account.normalAfter, demands.normalAfter),
    ...inTime('a sender heard nothing at all for', account.worstGap, demands.worstGap),
    ...share('of all requests', account.real, account.sent - account.died, demands.real),
    ...others.flatMap((pair) => ofOthers(pair, othersReal, demands)),
    ...refusals(account, demands.refusals),
    ...account.troubles,
  ];
}

function ofOthers(pair: PairAccount, real: number, { othersP99, others503 = false }: Demands): string[] {
  const { before, after } = pair;
  const name = `${pair.from} to ${pair.to}`;
  const refused = after.statuses.get(503) ?? 0;
  const allowed =
    othersP99 === undefined || before.sent === 0 ? Number.POSITIVE_INFINITY : Math.max(before.p99 * othersP99.ratio, othersP99.floor);
  return [
    ...share(`from ${name}`, after.real, after.sent - after.died, real),
    ...(refused > 0 && !others503 ? [`${refused} from ${name} were answered 503, which is none of their trouble`] : []),
    ...(after.p99 > allowed ? [`p99 from ${name} was ${ms(after.p99)}, before the fault ${ms(before.p99)}: more than ${ms(allowed)}`] : []),
  ];
}

function atMost(count: number, most: number, what: string): string[] {
  return count > most ? [`${count} ${what}, ${most} may`] : [];
}

function inTime(what: string, took: number, most: number | undefined): string[] {
  return most !== undefined && took > most ? [`${what} ${ms(took)}, ${ms(most)} is the bound`] : [];
}

function share(whose: string, count: number, of: number, least: number | undefined): string[] {
  if (least === undefined || of === 0 || count / of >= least) return [];
  return [`${percent(count / of)} ${whose} got the far member's own answer (all but ${of - count}), ${percent(least)} is the bound`];
}

function refusals(account: Account, allowed: readonly string[] | undefined): string[] {
  if (allowed === undefined) return [];
  return [...account.refused]
    .filter(([name]) => !allowed.includes(name))
    .map(([name, count]) => `${count} were answered ${name}, which may not be`);
}

function ms(time: number): string {
  return time >= 10_000 ? `${(time / 1000).toFixed(1)} s` : `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}

function percent(value: number): string {
  return `${(Math.floor(value * 100_000) / 1000).toFixed(3)} %`;
}
