import type { EntryBody, StoredEntry } from './bucket-entry.js';
import { bodyDigest, bodyDigests } from './file-source.js';

/** An entry that the file and somebody else have changed in different ways. */
export interface Crossing {
  readonly key: string;
  /** What stands there; undefined: somebody removed it. */
  readonly found: StoredEntry | undefined;
}

/** What a changed file comes to. With crossings nothing may be written. */
export interface Merge {
  /** By key: what the file changed; undefined: what it has no more. */
  readonly wanted: ReadonlyMap<string, EntryBody | undefined>;
  readonly crossings: readonly Crossing[];
}

/** How entries that a community file brought in name their author. */
const fileAuthor = 'community file ';

/** The author of what a file brings in. */
export function fileAuthorOf(path: string): string {
  return `${fileAuthor}${path}`;
}

/** Where nothing is remembered of the file: what was written by one counts as what it had. */
function assumed(current: ReadonlyMap<string, StoredEntry>): Map<string, string> {
  return new Map([...current].flatMap(([key, { body, by }]) => (by.who.startsWith(fileAuthor) ? [[key, bodyDigest(body)] as const] : [])));
}

function isCommunitys(body: EntryBody): boolean {
  return body.$case !== 'authority' && body.$case !== 'file';
}

/**
 * Compares three: what the file had when it was brought in last (`base`: digests by key), what it has, and what the bucket has.
 * The bucket is the truth: only what the file has changed is written, what others changed stays, and what both changed is told. A bucket
 * without any community takes the file as it is. `digests` are those of the file's entries.
 */
export function threeWay(
  base: ReadonlyMap<string, string> | undefined,
  file: ReadonlyMap<string, EntryBody>,
  stored: ReadonlyMap<string, StoredEntry>,
  digests: ReadonlyMap<string, string> = bodyDigests(file),
): Merge {
  const current = new Map([...stored].filter(([, { body }]) => isCommunitys(body)));
  if (current.size === 0) return { wanted: file, crossings: [] };
  const was = base ?? assumed(current);
  const wanted = new Map<string, EntryBody | undefined>();
  const crossings: Crossing[] = [];
  for (const key of new Set([...was.keys(), ...file.keys()])) {
    const body = file.get(key);
    const found = current.get(key);
    const [had, has] = [was.get(key), digests.get(key)];
    if (has === had) continue;
    const is = found === undefined ? undefined : bodyDigest(found.body);
    if (has === is) continue;
    if (is === had) wanted.set(key, body);
    else crossings.push({ key, found });
  }
  return { wanted, crossings };
}
