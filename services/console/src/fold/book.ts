import { type Account, addAccount, clearAccount, makeAccount } from './account.js';

/** A period is the second of the next frame, or one of the two minutes that can be open at a time. */
export type Period = 0 | 1 | 2;
/** The period of the next frame. */
export const framePeriod: Period = 0;

/**
 * What is counted apart: a pair; what a member sent to, or received from, partners that are not told apart; what belongs to a member and no pair,
 * as refused connections do.
 */
export interface Entry {
  readonly role: 'pair' | 'sent' | 'received' | 'alone';
  readonly from: Member;
  readonly to: Member;
  /** How much it was used lately. */
  use: number;
  readonly accounts: [Account | undefined, Account | undefined, Account | undefined];
}

/** A member as records name it; `known` is false for the one who stands for all beyond those that are told apart. */
export class Member {
  readonly pairs = new Map<Member, Entry>();
  readonly sent: Entry;
  readonly received: Entry;
  readonly alone: Entry;
  /** Elections since it was named last. */
  idle = 0;

  /** Of an empty id where nobody is named. */
  constructor(
    readonly id: string,
    readonly known: boolean,
  ) {
    this.sent = makeEntry('sent', this, this);
    this.received = makeEntry('received', this, this);
    this.alone = makeEntry('alone', this, this);
  }
}

/** How much is told apart. */
export interface BookLimits {
  readonly pairs: number;
  readonly members: number;
}

/** Who is known, and what is being counted of whom. Its memory is bounded by its limits, whatever names come. */
export interface Book {
  member(id: string): Member;
  /** The pair, or undefined where it is not told apart: then `from.sent` and `to.received` are what counts. `times`: how many records want it. */
  pair(from: Member, to: Member, times: number): Entry | undefined;
  /** The account of an entry in a period, opened if need be. */
  account(entry: Entry, period: Period): Account;
  /** Hands out every account of a period, most recent opening last, and closes it. Accounts are good until `visit` returns. */
  close(period: Period, visit: (entry: Entry, account: Account) => void): void;
  /** The same, but the period stays open. */
  look(period: Period, visit: (entry: Entry, account: Account) => void): void;
  /**
   * Once a minute: the most used pairs become those that are told apart, and what was not used for long is forgotten. What the others counted in
   * the open minutes goes on as their members'; the frame must have been closed.
   */
  elect(): void;
  members(): Iterable<Member>;
  /** How many pairs are told apart. */
  pairs(): number;
}

/** Ids are subject tokens: whoever has a longer one is none. */
const longestId = 64;
/** Below this much use a pair is forgotten: ten to forty minutes after its last record. */
const leastUse = 0.001;
const mostIdle = 60;
const spareAccounts = 4096;

/** A book of nobody. */
export function createBook(limits: BookLimits): Book {
  const members = new Map<string, Member>();
  const touched: [Entry[], Entry[], Entry[]] = [[], [], []];
  const spare: Account[] = [];
  const stranger = new Member('', false);
  let pairs = 0;
  let candidates = new Map<Member, Map<Member, number>>();
  let candidateCount = 0;

  const account = (entry: Entry, period: Period): Account => {
    const open = entry.accounts[period];
    if (open !== undefined) return open;
    const made = spare.pop() ?? makeAccount();
    entry.accounts[period] = made;
    touched[period].push(entry);
    return made;
  };
  const release = (entry: Entry, period: Period): void => {
    const open = entry.accounts[period];
    if (open === undefined) return;
    entry.accounts[period] = undefined;
    if (spare.length >= spareAccounts) return;
    clearAccount(open);
    spare.push(open);
  };
  const addPair = (from: Member, to: Member, use: number): Entry => {
    const made = makeEntry('pair', from, to);
    made.use = use;
    from.pairs.set(to, made);
    pairs += 1;
    return made;
  };
  const dropPair = (entry: Entry): void => {
    entry.from.pairs.delete(entry.to);
    pairs -= 1;
    for (const period of [0, 1, 2] as const) {
      const open = entry.accounts[period];
      if (open === undefined) continue;
      addAccount(account(entry.from.sent, period), open);
      addAccount(account(entry.to.received, period), open);
      release(entry, period);
    }
  };
  const wanted = (from: Member, to: Member, times: number): void => {
    if (!from.known || !to.known) return;
    const row = candidates.get(from);
    const count = row?.get(to);
    if (count === undefined) {
      if (candidateCount >= limits.pairs) return;
      candidateCount += 1;
    }
    if (row === undefined) candidates.set(from, new Map([[to, times]]));
    else row.set(to, (count ?? 0) + times);
  };

  const allPairs = (): Entry[] => [...members.values()].flatMap((member) => [...member.pairs.values()]);
  const seatCandidates = (): void => {
    if (candidateCount === 0) return;
    const wishes = [...candidates].flatMap(([from, row]) => [...row].map(([to, use]) => ({ from, to, use })));
    wishes.sort((a, b) => b.use - a.use);
    const seated = allPairs().sort((a, b) => a.use - b.use);
    let least = 0;
    for (const wish of wishes) {
      const given = seated[least];
      if (pairs >= limits.pairs) {
        if (given === undefined || given.use >= wish.use) break;
        dropPair(given);
        least += 1;
      }
      addPair(wish.from, wish.to, wish.use);
    }
    candidates = new Map();
    candidateCount = 0;
  };
  const isOpen = (entry: Entry): boolean => entry.accounts.some((one) => one !== undefined);
  const forget = (): void => {
    for (const entry of allPairs()) {
      entry.use /= 2;
      if (entry.use < leastUse && !isOpen(entry)) dropPair(entry);
    }
    const partners = new Set(allPairs().map(({ to }) => to));
    for (const member of members.values()) {
      member.idle += 1;
      const counts = isOpen(member.sent) || isOpen(member.received) || isOpen(member.alone);
      if (member.idle > mostIdle && member.pairs.size === 0 && !partners.has(member) && !counts) members.delete(member.id);
    }
  };

  return {
    member(id) {
      const found = members.get(id);
      if (found !== undefined) {
        found.idle = 0;
        return found;
      }
      // One more, for whom nobody is named.
      if (members.size > limits.members || id.length > longestId) return stranger;
      const made = new Member(id, true);
      members.set(id, made);
      return made;
    },
    pair(from, to, times) {
      const found = from.pairs.get(to);
      if (found !== undefined) {
        found.use += times;
        return found;
      }
      if (pairs < limits.pairs && from.known && to.known) return addPair(from, to, times);
      wanted(from, to, times);
      return undefined;
    },
    account,
    close(period, visit) {
      const entries = touched[period];
      touched[period] = [];
      for (const entry of entries) {
        const open = entry.accounts[period];
        if (open === undefined) continue;
        visit(entry, open);
        release(entry, period);
      }
    },
    look(period, visit) {
      for (const entry of touched[period]) {
        const open = entry.accounts[period];
        if (open !== undefined) visit(entry, open);
      }
    },
    elect() {
      seatCandidates();
      forget();
    },
    members: () => members.values(),
    pairs: () => pairs,
  };
}

function makeEntry(role: Entry['role'], from: Member, to: Member): Entry {
  return { role, from, to, use: 0, accounts: [undefined, undefined, undefined] };
}
