import { authorityNameProblems } from './authority-names.js';
import { type EntryBody, entryKey, type StoredEntry, sameBody } from './bucket-entry.js';
import { type Check, checkCommunity, communityOf, pemProblems } from './community-check.js';
import type { CheckCommunity } from './remembering-check.js';
import type { Snapshot } from './table.js';

/** What somebody wants changed. */
export interface Wish {
  /** By key: what shall stand there; undefined: nothing. Keys that are not in it stay as they are. */
  readonly wanted: ReadonlyMap<string, EntryBody | undefined>;
  /** The revisions that it was made from, by key; 0: there is none yet. Keys that are not in it: whatever it is. */
  readonly expected?: ReadonlyMap<string, bigint>;
}

/** One write of a plan. */
export interface Write {
  readonly key: string;
  /** Undefined: delete it. */
  readonly body: EntryBody | undefined;
  /** What stands there. */
  readonly before: StoredEntry | undefined;
}

/** That a key is not at the revision that a wish was made from. */
export interface Clash {
  readonly key: string;
  readonly expected: bigint;
  readonly found: StoredEntry | undefined;
}

/** What a wish comes to. With a clash or problems nothing may be written. */
export interface Plan {
  readonly writes: readonly Write[];
  readonly clash: Clash | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Rules first, so that nothing is reachable before the rule that forbids it; agreements before their members go; the community last,
 * without which nothing is decided.
 */
function rank({ body, before }: Write): number {
  const kind = (body ?? before?.body)?.$case;
  switch (kind) {
    case 'authority':
      return 0;
    case 'rule':
      return body === undefined ? 6 : 1;
    case 'member':
      return body === undefined ? 5 : 2;
    case 'agreement':
      return body === undefined ? 4 : 3;
    case 'file':
      return 8;
    default:
      return 7;
  }
}

/**
 * Rules that move back, the last one first, then those that move up, the first one first: at no time does one pass another that it is not to
 * pass, should the change break off. New ones come last, into the place made for them.
 */
function ruleRank({ body, before }: Write): number {
  if (body?.$case !== 'rule') return 0;
  const { order } = body.value;
  if (before?.body.$case !== 'rule') return mostRules * 2 + order;
  return order > before.body.value.order ? -order : mostRules + order;
}

/** More than any place of a rule. */
const mostRules = 2 ** 33;

/** Writes in the order in which they leave no gap. */
export function inOrder(writes: readonly Write[]): Write[] {
  return writes.toSorted((one, other) => rank(one) - rank(other) || ruleRank(one) - ruleRank(other) || (one.key < other.key ? -1 : 1));
}

/** A snapshot as it would be with writes done. */
export function written(snapshot: Snapshot, writes: readonly Write[]): Snapshot {
  const stored = new Map(snapshot.stored);
  for (const { key, body } of writes) {
    if (body === undefined) stored.delete(key);
    else stored.set(key, { key, body, revision: 0, by: { who: '', when: '', why: '', change: '' } });
  }
  return { version: snapshot.version, stored };
}

const sound: Check = { problems: [], warnings: [] };

function checkOf(check: CheckCommunity, snapshot: Snapshot): Check {
  const community = communityOf(snapshot);
  return community === undefined
    ? { problems: ['There is no community: bring in a community file first.'], warnings: [] }
    : check(community);
}

/** What a wish would say that was not to be said before: what was wrong already does not keep anyone from putting other things right. */
function news(check: CheckCommunity, snapshot: Snapshot, then: Snapshot): Check {
  const after = checkOf(check, then);
  if (after.problems.length === 0 && after.warnings.length === 0) return sound;
  const before = communityOf(snapshot) === undefined ? sound : checkOf(check, snapshot);
  const old = new Set([...before.problems, ...before.warnings]);
  return { problems: after.problems.filter((text) => !old.has(text)), warnings: after.warnings.filter((text) => !old.has(text)) };
}

/**
 * Works out what a wish comes to: which keys differ, whether it was made from what is there, and what is to be said about the membership
 * as it would be, by the same measures as about a community file (`check`). Pure.
 */
export function plan(snapshot: Snapshot, { wanted, expected }: Wish, check: CheckCommunity = checkCommunity): Plan {
  const nothing = { writes: [], problems: [], warnings: [] };
  for (const [key, revision] of expected ?? []) {
    const found = snapshot.stored.get(key);
    if (BigInt(found?.revision ?? 0) !== revision) return { ...nothing, clash: { key, expected: revision, found } };
  }
  const faults: string[] = [];
  const writes: Write[] = [];
  for (const [key, body] of wanted) {
    const before = snapshot.stored.get(key);
    if (body === undefined ? before === undefined : before !== undefined && sameBody(before.body, body)) continue;
    if (body !== undefined) {
      if (entryKey(body) !== key) faults.push(`${key}: what is to stand there belongs elsewhere`);
      faults.push(...pemProblems(body));
    }
    writes.push({ key, body, before });
  }
  if (writes.length === 0) return { ...nothing, clash: undefined };
  const then = written(snapshot, writes);
  const { problems, warnings } = news(check, snapshot, then);
  const names = authorityNameProblems(then, writes);
  return { writes: inOrder(writes), clash: undefined, problems: [...faults, ...names, ...problems], warnings };
}
