import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { splitCertificates, splitRevocationLists } from '@guildhall/proto/community/entries';
import { didYouMean } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';
import type { Agreement, Member, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { type EntryBody, entryKey, type StoredEntry } from './bucket-entry.js';
import type { Snapshot } from './table.js';

/** What edits of every kind need to know of a snapshot, and how they put values in their usual form. */

/** The key of an entry. Throws an ApiFault for an id that can be none. */
export function keyOf(body: EntryBody): string {
  try {
    return entryKey(body);
  } catch (thrown) {
    throw new ApiFault(
      'invalid',
      `${thrown instanceof Error ? thrown.message : 'The id cannot be used'}.`,
      'an id is 1 to 63 of a-z, 0-9 and hyphens',
    );
  }
}

/** A member and where it stands. Throws an ApiFault when there is none. */
export function storedMember(snapshot: Snapshot, id: string): { member: Member; entry: StoredEntry } {
  const entry = snapshot.stored.get(`member.${id}`);
  if (entry?.body.$case === 'member') return { member: entry.body.value, entry };
  const ids = [...snapshot.stored.values()].flatMap(({ body }) => (body.$case === 'member' ? [body.value.id] : []));
  throw new ApiFault('not-found', `There is no member ${quoted(id)}${didYouMean(id, ids)}.`, 'list the members to see who there is');
}

/** Every agreement and where it stands. */
export function storedAgreements(snapshot: Snapshot): { agreement: Agreement; entry: StoredEntry }[] {
  return [...snapshot.stored.values()].flatMap((entry) =>
    entry.body.$case === 'agreement' ? [{ agreement: entry.body.value, entry }] : [],
  );
}

/** Every rule in its order, and where it stands. */
export function storedRules(snapshot: Snapshot): { rule: Rule; entry: StoredEntry }[] {
  return [...snapshot.stored.values()]
    .flatMap((entry) => (entry.body.$case === 'rule' ? [{ rule: entry.body.value, entry }] : []))
    .toSorted((one, other) => one.rule.order - other.rule.order || (one.rule.id < other.rule.id ? -1 : 1));
}

/** One element for each block of some PEM texts, as a community file gives them; a text without any is kept, to be complained about. */
function blocks(pems: readonly string[], split: (pem: string) => string[]): string[] {
  return [...new Set(pems.flatMap((pem) => (split(pem).length === 0 ? [pem] : split(pem))))];
}

/** PEM texts of authorities, one certificate each. */
export function certificatesOf(pems: readonly string[]): string[] {
  return blocks(pems, splitCertificates);
}

/** PEM texts of revocation lists, one list each. */
export function revocationListsOf(pems: readonly string[]): string[] {
  return blocks(pems, splitRevocationLists);
}

/** A time as RFC 3339 in UTC; what is none is kept, to be complained about. */
export function instantOf(text: string): string {
  if (text === '') return '';
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? text : new Date(at).toISOString();
}
