import { createHash } from 'node:crypto';
import { Member } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { StoredEntry } from '../membership/bucket-entry.js';

/** Characters of the domain that its id shows. */
const shownLength = 40;

/** The id of a discovered partner: the same in every instance, told apart from what operators choose by its beginning and its end. */
export function discoveredId(domain: string): string {
  const shown = domain.replace(/[^a-z0-9]+/g, '-').slice(0, shownLength);
  return `dns-${shown.replace(/-+$/, '')}-${createHash('sha256').update(domain).digest('hex').slice(0, 8)}`;
}

/** The entry of a domain that was met: reached by DNS, active until an operator says otherwise. */
export function discoveredMember(domain: string): Member {
  return Member.fromPartial({
    id: discoveredId(domain),
    name: domain,
    role: 'discovered',
    status: 'active',
    domains: [domain],
    lookup: domain,
    dialect: 'standard',
    below: [],
  });
}

/** The discovered partners among the entries of the bucket, by age. Those an operator has put out stay what they are: they keep somebody away. */
export function discoveredEntries(stored: Iterable<StoredEntry>): StoredEntry[] {
  return [...stored]
    .filter(({ body }) => body.$case === 'member' && body.value.role === 'discovered')
    .toSorted((one, other) => one.revision - other.revision);
}

/**
 * Whom a new partner may take the place of when there are as many as may be: the one that has been there longest, of those that nobody
 * has touched since they were met, and for longer than `leastMs`. Undefined: nobody gives way. `now` is ms since 1970.
 */
export function givesWay(entries: readonly StoredEntry[], by: string, leastMs: number, now: number): StoredEntry | undefined {
  return entries.find((entry) => {
    const since = Date.parse(entry.by.when);
    return entry.by.who === by && entry.body.$case === 'member' && entry.body.value.status === 'active' && now - since >= leastMs;
  });
}
