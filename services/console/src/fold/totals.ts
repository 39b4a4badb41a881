import type { PairTraffic, ReasonCount, Tally } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { type Account, addAccount, makeAccount, tallyOf } from './account.js';
import type { Book, Entry, Member, Period } from './book.js';
import type { ReasonTable } from './reasons.js';

/** What one member sent and received in a period. */
export interface MemberTotals {
  readonly sent: Tally;
  readonly received: Tally;
  readonly reasons: ReasonCount[];
}

/** What was counted in a period. */
export interface Totals {
  readonly all: Tally;
  readonly reasons: ReasonCount[];
  readonly members: ReadonlyMap<string, MemberTotals>;
  readonly pairs: PairTraffic[];
  readonly otherPairs: Tally;
}

interface Sums {
  readonly sent: Account;
  readonly received: Account;
}

/** Closes a period of the book: its members' figures and the whole are the sums of what was counted apart, so that they always agree. */
export function closePeriod(book: Book, reasons: ReasonTable, period: Period): Totals {
  return totalsOf(reasons, (visit) => book.close(period, visit));
}

/** What was counted in a period so far; it stays open. */
export function lookAtPeriod(book: Book, reasons: ReasonTable, period: Period): Totals {
  return totalsOf(reasons, (visit) => book.look(period, visit));
}

function totalsOf(reasons: ReasonTable, visitAll: (visit: (entry: Entry, account: Account) => void) => void): Totals {
  const all = makeAccount();
  const others = makeAccount();
  const sums = new Map<Member, Sums>();
  const pairs: PairTraffic[] = [];

  const of = (member: Member): Sums => {
    const known = sums.get(member);
    if (known !== undefined) return known;
    const made = { sent: makeAccount(), received: makeAccount() };
    sums.set(member, made);
    return made;
  };
  const visit = (entry: Entry, account: Account): void => {
    const { role, from, to } = entry;
    if (role === 'received') {
      addAccount(of(to).received, account);
      return;
    }
    addAccount(all, account);
    addAccount(of(from).sent, account);
    if (role === 'sent') addAccount(others, account);
    if (role !== 'pair') return;
    addAccount(of(to).received, account);
    pairs.push({ from: from.id, to: to.id, tally: tallyOf(account), reasons: reasons.list(account.reasons) });
  };
  visitAll(visit);

  const members = new Map<string, MemberTotals>();
  for (const [{ id, known }, { sent, received }] of sums) {
    if (known && id !== '') members.set(id, { sent: tallyOf(sent), received: tallyOf(received), reasons: reasons.list(sent.reasons) });
  }
  pairs.sort(byUse);
  return { all: tallyOf(all), reasons: reasons.list(all.reasons), members, pairs, otherPairs: tallyOf(others) };
}

/** Whether anything was counted. */
export function isNothing({ all }: Totals): boolean {
  return all.requests === 0n && all.handshakesRefused === 0n;
}

function byUse(a: PairTraffic, b: PairTraffic): number {
  const difference = (b.tally?.requests ?? 0n) - (a.tally?.requests ?? 0n);
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1;
}
