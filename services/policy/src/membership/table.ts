import type { KeyValueEntry } from '@guildhall/chassis/key-value';
import type { Agreement, Authority, Community, Member, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { Entries } from '../decision/compile.js';
import { decodeStored, type EntryBody, type StoredEntry, sameBody } from './bucket-entry.js';

/** Whom a change concerns: these members, or everybody. */
export interface Touched {
  readonly members: ReadonlySet<string>;
  readonly all: boolean;
  /** What the entries said before and say after, by key; only of those that say something else. */
  readonly entries: ReadonlyMap<string, Difference>;
}

/** An entry before and after; undefined: it was not, or is not any more, there. */
export interface Difference {
  readonly before: StoredEntry | undefined;
  readonly after: StoredEntry | undefined;
  /** That of what is there after, or of the deletion. */
  readonly revision: number;
}

/** The whole bucket as of a version: what changes are planned from. */
export interface Snapshot {
  readonly version: bigint;
  readonly stored: ReadonlyMap<string, StoredEntry>;
}

/** The bucket's entries as they were told, one after the other. */
export interface Table {
  /** Takes a change. Returns why a value cannot be used, if so: then the key counts as absent. */
  apply(entry: KeyValueEntry): string | undefined;
  /** Takes the newest revision of the bucket, which may be that of a deletion that was not told. */
  reached(revision: number): void;
  /** The revision that was told last. It may fall, when the bucket was lost and made anew. */
  seen(): number;
  /** All that can be used, as it stands. */
  snapshot(): Snapshot;
  /** Everything that can be used; undefined while the community's own entry is missing. */
  entries(): Entries | undefined;
  /** Whom the changes since the last call concern. */
  takeTouched(): Touched;
  /** Keys whose values cannot be used. */
  unusable(): number;
  /** It holds no part of a community, usable or not: the hub's own authorities and what is remembered of a file are none. */
  bare(): boolean;
}

function sameDomains(one: EntryBody | undefined, other: EntryBody | undefined): boolean {
  const domains = (body: EntryBody | undefined) => (body?.$case === 'member' ? body.value.domains.toSorted().join(' ') : '');
  return domains(one) === domains(other);
}

/** What compilation is made from; undefined while the community's own entry is missing. */
export function entriesOf({ version, stored }: Snapshot): Entries | undefined {
  let community: Community | undefined;
  const members: Member[] = [];
  const agreements: Agreement[] = [];
  const rules: Rule[] = [];
  const authorities: Authority[] = [];
  for (const { body } of stored.values()) {
    switch (body.$case) {
      case 'community':
        community = body.value;
        break;
      case 'member':
        members.push(body.value);
        break;
      case 'agreement':
        agreements.push(body.value);
        break;
      case 'rule':
        rules.push(body.value);
        break;
      case 'authority':
        authorities.push(body.value);
        break;
      case 'file':
        break;
    }
  }
  return community === undefined ? undefined : { version, community, members, agreements, rules, authorities };
}

/** A new empty table. */
export function createTable(): Table {
  const stored = new Map<string, StoredEntry>();
  const unusable = new Set<string>();
  let highest = 0;
  let seen = 0;
  let touched = new Set<string>();
  let differences = new Map<string, Difference>();
  let all = false;

  /** Domains decide who is meant by names of others too, rules and the model concern everybody. */
  const touch = (before: EntryBody | undefined, after: EntryBody | undefined): void => {
    for (const body of [before, after]) {
      if (body?.$case === 'member') {
        touched.add(body.value.id);
        if (!sameDomains(before, after)) all = true;
      } else if (body?.$case === 'agreement') {
        touched.add(body.value.first).add(body.value.second);
      } else if (body !== undefined && body.$case !== 'file') {
        all = true;
      }
    }
  };

  const differ = (key: string, before: StoredEntry | undefined, after: StoredEntry | undefined, revision: number): void => {
    if (before === undefined && after === undefined) return;
    if (before !== undefined && after !== undefined && sameBody(before.body, after.body)) return;
    touch(before?.body, after?.body);
    const first = differences.get(key);
    differences.set(key, { before: first === undefined ? before : first.before, after, revision });
  };

  return {
    apply({ key, value, revision, deleted }) {
      highest = Math.max(highest, revision);
      seen = revision;
      const before = stored.get(key);
      const read = deleted ? undefined : decodeStored(key, value);
      const after = read === undefined || typeof read === 'string' ? undefined : { key, revision, ...read };
      if (after === undefined) stored.delete(key);
      else stored.set(key, after);
      if (typeof read === 'string') unusable.add(key);
      else unusable.delete(key);
      differ(key, before, after, revision);
      return typeof read === 'string' ? read : undefined;
    },
    reached(revision) {
      highest = Math.max(highest, revision);
      seen = revision;
    },
    seen: () => seen,
    snapshot: () => ({ version: BigInt(highest), stored: new Map(stored) }),
    entries: () => entriesOf({ version: BigInt(highest), stored }),
    takeTouched() {
      const taken = { members: touched, all, entries: differences };
      touched = new Set();
      differences = new Map();
      all = false;
      return taken;
    },
    unusable: () => unusable.size,
    bare: () => unusable.size === 0 && ![...stored.values()].some(({ body }) => body.$case !== 'authority' && body.$case !== 'file'),
  };
}
