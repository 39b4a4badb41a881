import { type Contradictions, contradictions } from '@guildhall/proto/community/contradictions';
import { communityDraft } from '@guildhall/proto/community/draft';
import type { CommunityEntries } from '@guildhall/proto/community/entries';
import { type Finding, type Path, renderPath } from '@guildhall/proto/community/problem';
import { communityFileSchema } from '@guildhall/proto/community/schema';
import { shapeFaults } from '@guildhall/proto/community/shape-faults';
import type { EntryBody } from './bucket-entry.js';
import { authorityFault, pemBytesFault, revocationListFault } from './pem-fault.js';
import { entriesOf, type Snapshot } from './table.js';

/** What is to be said about a membership as a whole, one sentence each. */
export interface Check {
  readonly problems: readonly string[];
  /** What is allowed and probably not meant. */
  readonly warnings: readonly string[];
}

/** The community of a snapshot in a fixed order: the same sayings give the same words, wherever they came from. Undefined without one. */
export function communityOf(snapshot: Snapshot): CommunityEntries | undefined {
  const entries = entriesOf(snapshot);
  if (entries === undefined) return undefined;
  const { community, members, agreements, rules } = entries;
  return {
    community,
    members: members.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    agreements: agreements.toSorted((one, other) => (`${one.first} ${one.second}` < `${other.first} ${other.second}` ? -1 : 1)),
    rules: rules.toSorted((one, other) => one.order - other.order || (one.id < other.id ? -1 : 1)),
  };
}

const lists = ['members', 'agreements', 'rules'] as const;

/** What an entry is called: "member acme", "agreement acme bolt". */
function nameAt(entries: CommunityEntries, list: unknown, at: unknown): string | undefined {
  if (typeof at !== 'number') return undefined;
  if (list === 'members') return `member ${entries.members[at]?.id ?? at}`;
  if (list === 'rules') return `rule ${entries.rules[at]?.id ?? at}`;
  const agreement = entries.agreements[at];
  return list === 'agreements' && agreement !== undefined ? `agreement ${agreement.first} ${agreement.second}` : undefined;
}

const placePattern = /\b(members|agreements|rules)\[(\d+)\]/g;

/** A finding in words that need no file: "member acme: domains[0]: acme.test belongs to the member bolt already". */
function sentence(entries: CommunityEntries, { path, message }: Finding): string {
  const [list, at, ...rest] = path;
  const name = nameAt(entries, list, at);
  const where = name === undefined ? renderPath(path) : [name, renderPath(rest)].filter((part) => part !== '').join(': ');
  const words = message.replace(placePattern, (text, other: string, place: string) => nameAt(entries, other, Number(place)) ?? text);
  return where === '' ? words : `${where}: ${words}`;
}

/** Without the entries that faults are about, so that the rest can be looked at as a whole. */
function withoutFaulty(entries: CommunityEntries, faults: readonly Finding[]): CommunityEntries {
  const at = (list: string) => new Set(faults.filter(({ path }) => path[0] === list).map(({ path }) => path[1]));
  const [members, agreements, rules] = lists.map(at);
  return {
    community: entries.community,
    members: entries.members.filter((_, place) => members?.has(place) !== true),
    agreements: entries.agreements.filter((_, place) => agreements?.has(place) !== true),
    rules: entries.rules.filter((_, place) => rules?.has(place) !== true),
  };
}

/** What contradicts itself, in words that need no file. */
export function told(entries: CommunityEntries, { problems, warnings }: Contradictions): Check {
  return { problems: problems.map((one) => sentence(entries, one)), warnings: warnings.map((one) => sentence(entries, one)) };
}

/**
 * Everything there is to say about a membership, by the same measures as about a community file: first each entry by itself,
 * then what contradicts itself. PEM texts are not looked into: see `pemProblems`.
 */
export function checkCommunity(entries: CommunityEntries): Check {
  const draft = communityDraft(entries);
  const read = communityFileSchema.safeParse(draft);
  if (read.success) {
    return told(entries, contradictions(read.data));
  }
  const faults = shapeFaults(communityFileSchema, draft, read.error.issues);
  const problems = faults.map((fault) => sentence(entries, fault));
  const rest = withoutFaulty(entries, faults);
  const again = communityFileSchema.safeParse(communityDraft(rest));
  if (!again.success) return { problems, warnings: [] };
  const found = contradictions(again.data);
  return {
    problems: [...problems, ...found.problems.map((one) => sentence(rest, one))],
    warnings: found.warnings.map((one) => sentence(rest, one)),
  };
}

function pemFaults(what: string, path: Path, pems: readonly string[], fault: (pem: string) => string | undefined): string[] {
  const found = pems.flatMap((pem, at) => {
    const words = fault(pem);
    return words === undefined ? [] : [`${what}: ${renderPath([...path, at])} ${words}`];
  });
  const size = pemBytesFault(pems);
  return size === undefined ? found : [...found, `${what}: ${renderPath(path)} ${size}`];
}

/** What is wrong with the PEM texts of one entry. */
export function pemProblems(body: EntryBody): string[] {
  switch (body.$case) {
    case 'community':
      return [
        ...pemFaults('community', ['anchors'], body.value.anchors, authorityFault),
        ...pemFaults('community', ['revocation_lists'], body.value.revocationLists, revocationListFault),
        ...pemFaults('community', ['discovery', 'anchors'], body.value.discovery?.anchors ?? [], authorityFault),
      ];
    case 'member':
      return [
        ...pemFaults(`member ${body.value.id}`, ['anchors'], body.value.anchors, authorityFault),
        ...pemFaults(`member ${body.value.id}`, ['revocation_lists'], body.value.revocationLists, revocationListFault),
      ];
    default:
      return [];
  }
}
