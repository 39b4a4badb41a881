import { type RevocationList, readRevocationLists } from '@guildhall/chassis/authority/revocation-list';
import { type Certificate, parseAnchors, spkiSha256 } from '@guildhall/chassis/certificate';
import type { Membership } from '../decision/membership.js';

/** Revocation lists with those who may have made them: a member's authorities say nothing about anybody else's certificates. */
interface Source {
  /** "the community" or "member acme". */
  readonly owner: string;
  readonly lists: readonly string[];
  readonly anchors: readonly string[];
}

/** A list past the time at which its authority promised the next one. It is honoured all the same. */
export interface StaleList {
  readonly owner: string;
  /** A distinguished name; may hold anything. */
  readonly issuer: string;
  /** ms since 1970. */
  readonly until: number;
}

/** What the lists of a membership say. */
export interface Gathered {
  /** Serial numbers (lower-case hex without leading zeros) by SHA-256 of the issuer's public key (lower-case hex), both sorted. */
  readonly revoked: ReadonlyMap<string, readonly string[]>;
  /** The newest list of each authority: when it ought to be followed by the next. */
  readonly newest: readonly StaleList[];
  /** Sentences about lists that are not used. */
  readonly problems: readonly string[];
}

function sourcesOf({ community, members }: Membership): Source[] {
  return [
    { owner: 'the community', lists: community.revocationLists, anchors: community.anchors },
    ...[...members.values()].map(({ id, revocationLists, anchors }) => ({ owner: `member ${id}`, lists: revocationLists, anchors })),
  ].filter(({ lists }) => lists.length > 0);
}

/** What gathering depends on, to tell whether it must be done again. */
export function fingerprintOf(membership: Membership): string {
  return JSON.stringify(sourcesOf(membership).map(({ owner, lists, anchors }) => [owner, lists, anchors]));
}

/** Reads every list and keeps what is signed by an authority of the same owner. Never rejects: what is not usable is told as a problem. */
export async function gatherRevocations(membership: Membership): Promise<Gathered> {
  const revoked = new Map<string, Set<string>>();
  const newest = new Map<string, StaleList & { readonly since: number }>();
  const problems: string[] = [];
  for (const { owner, lists, anchors } of sourcesOf(membership)) {
    const authorities = anchors.flatMap(certificatesOf);
    for (const list of lists.flatMap((text) => listsOf(text, owner, problems))) {
      const keys = new Set<string>();
      for (const authority of authorities) if (await list.signedBy(authority)) keys.add(spkiSha256(authority));
      if (keys.size === 0) problems.push(`the revocation list of "${list.issuer}" is not used: no authority of ${owner} has signed it`);
      for (const key of keys) {
        const serials = revoked.get(key) ?? new Set();
        for (const { serial } of list.revoked) serials.add(serial);
        revoked.set(key, serials);
        const known = newest.get(`${owner} ${key}`);
        if (known === undefined || list.thisUpdate > known.since)
          newest.set(`${owner} ${key}`, { owner, issuer: list.issuer, until: list.nextUpdate, since: list.thisUpdate });
      }
    }
  }
  const sorted = [...revoked].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return {
    revoked: new Map(sorted.map(([key, serials]) => [key, [...serials].toSorted()])),
    newest: [...newest.values()].map(({ owner, issuer, until }) => ({ owner, issuer, until })),
    problems,
  };
}

/** None where the text cannot be read: then it vouches for nobody, and signs for nobody. */
function certificatesOf(pem: string): Certificate[] {
  try {
    return parseAnchors([pem]);
  } catch {
    return [];
  }
}

function listsOf(text: string, owner: string, problems: string[]): RevocationList[] {
  try {
    return readRevocationLists(text);
  } catch (thrown) {
    problems.push(`a revocation list of ${owner} is not used: it ${thrown instanceof Error ? thrown.message : 'cannot be read'}`);
    return [];
  }
}
