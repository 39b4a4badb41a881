import { createHash } from 'node:crypto';
import { AuditEntry } from '@guildhall/proto/gen/guildhall/admin/v1/access_service';

/** What is audited, before it has its place in the chain. */
export type AuditFact = Omit<AuditEntry, 'place' | 'before'>;

/** An entry as it is kept: the bytes are what is hashed. */
export interface ChainedEntry {
  readonly entry: AuditEntry;
  readonly encoded: Uint8Array;
  readonly hash: Uint8Array;
}

/** Where a chain stands: the place and hash of its last entry. */
export interface ChainHead {
  readonly place: number;
  /** Empty before the first entry. */
  readonly hash: Uint8Array;
}

/** Where a chain begins. */
export const chainStart: ChainHead = { place: 0, hash: new Uint8Array() };

/** SHA-256 of an entry's bytes; the entry behind it carries it. 32 bytes. */
export function auditHash(encoded: Uint8Array): Uint8Array {
  return createHash('sha256').update(encoded).digest();
}

/** The next entry of a chain. */
export function chainEntry(fact: AuditFact, { place, hash }: ChainHead): ChainedEntry {
  const entry: AuditEntry = { ...fact, place: BigInt(place + 1), before: Buffer.from(hash) };
  const encoded = AuditEntry.encode(entry).finish();
  return { entry, encoded, hash: auditHash(encoded) };
}

/** What a check of the chain found. */
export type AuditVerdict =
  | { readonly sound: true; readonly entries: number; readonly head: ChainHead }
  | { readonly sound: false; readonly entries: number; readonly place: number; readonly problem: string };

/** Where a check begins, and what it must find. */
export interface AuditExpectation {
  /** The head behind which the first entry stands; default the start of the chain. */
  readonly after?: ChainHead;
  /** An older head that somebody wrote down: it must be in the chain. */
  readonly expected?: ChainHead;
}

/** A check that takes entry after entry, so that a long log need not be held. */
export interface AuditCheck {
  /** False once something is wrong: what follows is not looked at. */
  add(told: { readonly encoded: Uint8Array; readonly hash: Uint8Array }): boolean;
  verdict(): AuditVerdict;
}

/**
 * Checks a chain from its first entry: every entry is at its place, carries the hash of the one before, and has the hash it is said
 * to have. What the chain cannot show by itself is that its end was cut off or that all of it was written anew: `expected`, a place and
 * its hash noted earlier (policy logs each), shows that too.
 */
export function startAuditCheck({ after = chainStart, expected }: AuditExpectation = {}): AuditCheck {
  let head = after;
  let entries = 0;
  let wrong: { place: number; problem: string } | undefined;

  const problemOf = (encoded: Uint8Array, hash: Uint8Array, place: number): string | undefined => {
    const entry = decoded(encoded);
    if (entry === undefined) return 'it cannot be read';
    if (entry.place > BigInt(place)) return `entries are missing before it: place ${entry.place} follows ${head.place}`;
    if (entry.place < BigInt(place)) return `it says it is at place ${entry.place}`;
    if (!same(entry.before, head.hash)) return 'it does not carry the hash of the entry before it';
    if (!same(hash, auditHash(encoded))) return 'its hash is not that of its bytes';
    if (expected?.place === place && !same(hash, expected.hash)) return 'it has another hash than the one that was noted';
    return undefined;
  };

  return {
    add({ encoded, hash }) {
      if (wrong !== undefined) return false;
      const place = head.place + 1;
      const problem = problemOf(encoded, hash, place);
      if (problem !== undefined) {
        wrong = { place, problem };
        return false;
      }
      entries += 1;
      head = { place, hash: Uint8Array.from(hash) };
      return true;
    },
    verdict() {
      if (wrong !== undefined) return { sound: false, entries, ...wrong };
      if (expected !== undefined && expected.place > head.place) {
        return { sound: false, entries, place: expected.place, problem: `the log ends at ${head.place}: its end was cut off` };
      }
      return { sound: true, entries, head };
    },
  };
}

/** The same over a whole list. */
export function verifyAudit(
  told: Iterable<{ readonly encoded: Uint8Array; readonly hash: Uint8Array }>,
  expectation: AuditExpectation = {},
): AuditVerdict {
  const check = startAuditCheck(expectation);
  for (const one of told) if (!check.add(one)) break;
  return check.verdict();
}

function decoded(encoded: Uint8Array): AuditEntry | undefined {
  try {
    return AuditEntry.decode(encoded);
  } catch {
    return undefined;
  }
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
