import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { authorityFiles, communityEntries } from '@guildhall/proto/community/entries';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { renderPath, renderProblem } from '@guildhall/proto/community/problem';
import { quoted } from '@guildhall/proto/community/quoted';
import type { Community } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { membershipKeys } from '@guildhall/proto/subjects';
import { type EntryBody, entriesByKey, type StoredEntry } from './bucket-entry.js';
import type { Wish } from './change-plan.js';
import { certificatesOf, revocationListsOf } from './edit-entry.js';
import type { Snapshot } from './table.js';

/** The community's own entry as it shall be. */
export function putCommunity(community: Community | undefined, expected: bigint): Wish {
  if (community === undefined) throw new ApiFault('invalid', 'The request has no community.', 'say what the community shall be');
  const { discovery } = community;
  const value: Community = {
    ...community,
    name: community.name === '' ? community.id : community.name,
    otherwise: community.otherwise === '' ? 'allow' : community.otherwise,
    anchors: certificatesOf(community.anchors),
    revocationLists: revocationListsOf(community.revocationLists),
    ...(discovery === undefined ? {} : { discovery: { ...discovery, anchors: certificatesOf(discovery.anchors) } }),
  };
  const body: EntryBody = { $case: 'community', value };
  return { wanted: new Map([[membershipKeys.community, body]]), expected: new Map([[membershipKeys.community, expected]]) };
}

/** What the hub keeps for itself is nobody's to change as a whole: its own authorities, and which file was brought in. */
function isCommunitys({ body }: StoredEntry): boolean {
  return body.$case !== 'authority' && body.$case !== 'file';
}

/** The membership as these entries, and nothing else. */
function instead(snapshot: Snapshot, entries: ReadonlyMap<string, EntryBody>): Wish {
  const surplus = [...snapshot.stored.values()].filter((entry) => isCommunitys(entry) && !entries.has(entry.key));
  return {
    wanted: new Map<string, EntryBody | undefined>([...entries, ...surplus.map(({ key }): [string, undefined] => [key, undefined])]),
  };
}

/** The membership as it was in another snapshot. */
export function rollBack(snapshot: Snapshot, past: Snapshot): Wish {
  const then = [...past.stored.values()].filter(isCommunitys).map(({ key, body }): [string, EntryBody] => [key, body]);
  if (!past.stored.has(membershipKeys.community)) {
    throw new ApiFault('precondition', `At version ${past.version} there was no community.`, 'name a later version');
  }
  return instead(snapshot, new Map(then));
}

/** The entries of a community file in which PEM texts stand inline. Throws an ApiFault that names every problem by line and column. */
export function readImport(yaml: string): Map<string, EntryBody> {
  const { file, problems } = inspectCommunity(yaml);
  if (file === undefined) {
    const told = problems.slice(0, 20).map((problem) => renderProblem('the file', problem));
    if (problems.length > told.length) told.push(`and ${problems.length - told.length} more`);
    throw new ApiFault('invalid', `The file cannot be used: ${told.join('; ')}.`, 'correct what is named, nothing was changed');
  }
  const [outside] = authorityFiles(file);
  if (outside !== undefined) {
    const where = `${renderPath(outside.path)} names the file ${quoted(outside.file)}`;
    throw new ApiFault('invalid', `${where}, which the hub does not see.`, 'put the PEM text itself there');
  }
  return entriesByKey(communityEntries(file, new Map()));
}

/** The membership as a file says. `expected`: the version the file was made from, 0: whatever it is. */
export function importMembership(snapshot: Snapshot, entries: ReadonlyMap<string, EntryBody>, expected: bigint): Wish {
  if (expected !== 0n && expected !== snapshot.version) {
    const newest = [...snapshot.stored.values()].reduce<StoredEntry | undefined>(
      (found, entry) => (found === undefined || entry.revision > found.revision ? entry : found),
      undefined,
    );
    // What was removed has no entry any more.
    const last =
      newest === undefined || BigInt(newest.revision) < snapshot.version
        ? '; an entry was removed last (the history tells which, and by whom)'
        : `; ${newest.key} was changed last, in revision ${newest.revision} (${newest.by.who}, ${newest.by.when})`;
    throw new ApiFault(
      'conflict',
      `The file was made from version ${expected}, and ${snapshot.version} is in force${last}.`,
      'export again, and make the change there',
    );
  }
  return instead(snapshot, entries);
}
