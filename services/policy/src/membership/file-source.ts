import { createHash } from 'node:crypto';
import type { FileSource } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { bodyBytes, type EntryBody, entryKey, type StoredEntry } from './bucket-entry.js';

/** What is remembered of the community file that was brought in last. */
export interface BroughtIn {
  /** Of the file and of each PEM file it names, SHA-256, hex. */
  readonly digest: string;
  /** The PEM files, as written. */
  readonly files: readonly string[];
  /** What the file had, by key: SHA-256 of the entry, hex. */
  readonly entries: ReadonlyMap<string, string>;
}

/** Entries remembered in one value of the bucket: a value has a bound, and NATS has one of its own. */
const entriesInPart = 1500;

/** SHA-256 of what an entry says, hex. */
export function bodyDigest(body: EntryBody): string {
  return createHash('sha256').update(bodyBytes(body)).digest('hex');
}

/** SHA-256 of what each entry says, hex, by key. */
export function bodyDigests(entries: ReadonlyMap<string, EntryBody>): Map<string, string> {
  return new Map([...entries].map(([key, body]) => [key, bodyDigest(body)]));
}

/** What is to be remembered, by key of the bucket. A key's place among the parts depends on the key alone, so that a small change changes few of them. */
export function fileParts({ digest, files, entries }: BroughtIn): Map<string, EntryBody> {
  let parts = 1;
  while (entries.size > parts * entriesInPart) parts *= 2;
  const sources = Array.from({ length: parts }, (_, part): FileSource => ({ digest: '', entries: {}, files: [], part, parts }));
  const [first] = sources;
  if (first !== undefined) Object.assign(first, { digest, files: [...files] });
  for (const [key, one] of [...entries].toSorted(([left], [right]) => (left < right ? -1 : 1))) {
    const place = createHash('sha256').update(key).digest().readUInt32BE() % parts;
    const source = sources[place];
    if (source !== undefined) source.entries[key] = one;
  }
  return new Map(sources.map((value) => [entryKey({ $case: 'file', value }), { $case: 'file', value }]));
}

/** Reads it back; undefined when nothing is remembered, or only a part of it. */
export function broughtIn(stored: Iterable<StoredEntry>): BroughtIn | undefined {
  const sources = [...stored].flatMap(({ body }) => (body.$case === 'file' ? [body.value] : []));
  const first = sources.find(({ part }) => part === 0);
  if (first === undefined) return undefined;
  const all = sources.filter(({ part, parts }) => part < first.parts && parts === first.parts);
  if (all.length !== first.parts) return undefined;
  return { digest: first.digest, files: first.files, entries: new Map(all.flatMap(({ entries }) => Object.entries(entries))) };
}
