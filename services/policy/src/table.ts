import type { KeyValueEntry } from '@guildhall/chassis/key-value';
import type { Agreement, Authority, Community, Member, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { decodeEntry, type EntryBody, sameBody } from './bucket-entry.js';
import type { Entries } from './compile.js';

/** Whom a change concerns: these members, or everybody. */
export interface Touched {
  readonly members: ReadonlySet<string>;
  readonly all: boolean;
}

/** The bucket's entries as they were told, one after the other. */
export interface Table {
  /** Takes a change. Returns why a value cannot be used, if so: then the key counts as absent. */
  apply(entry: KeyValueEntry): string | undefined;
  /** Everything that can be used; undefined while the community's own entry is missing. */
  entries(): Entries | undefined;
  /** Whom the changes since the last call concern. */
  takeTouched(): Touched;
  /** Keys whose values cannot be used. */
  unusable(): number;
  /** It holds nothing, usable or not. */
  bare(): boolean;
}

function sameDomains(one: EntryBody | undefined, other: EntryBody | undefined): boolean {
  const domains = (body: EntryBody | undefined) => (body?.$case === 'member' ? body.value.domains.toSorted().join(' ') : '');
  return domains(one) === domains(other);
}

/** A new empty table. */
export function createTable(): Table {
  const bodies = new Map<string, EntryBody>();
  const unusable = new Set<string>();
  let highest = 0;
  let touched = new Set<string>();
  let all = false;

  /** Domains decide who is meant by names of others too, rules and the model concern everybody. */
  const touch = (before: EntryBody | undefined, after: EntryBody | undefined): void => {
    if (before !== undefined && after !== undefined && sameBody(before, after)) return;
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

  return {
    apply({ key, value, revision, deleted }) {
      highest = Math.max(highest, revision);
      const before = bodies.get(key);
      const read = deleted ? undefined : decodeEntry(key, value);
      const after = typeof read === 'string' ? undefined : read;
      if (after === undefined) bodies.delete(key);
      else bodies.set(key, after);
      if (typeof read === 'string') unusable.add(key);
      else unusable.delete(key);
      touch(before, after);
      return typeof read === 'string' ? read : undefined;
    },
    entries() {
      let community: Community | undefined;
      const members: Member[] = [];
      const agreements: Agreement[] = [];
      const rules: Rule[] = [];
      const authorities: Authority[] = [];
      for (const body of bodies.values()) {
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
      return community === undefined ? undefined : { version: BigInt(highest), community, members, agreements, rules, authorities };
    },
    takeTouched() {
      const taken = { members: touched, all };
      touched = new Set();
      all = false;
      return taken;
    },
    unusable: () => unusable.size,
    bare: () => bodies.size === 0 && unusable.size === 0,
  };
}
