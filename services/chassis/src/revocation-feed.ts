import { RevocationsPage, RevocationsRequest, type RevokedBy } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { type Revocations, revocationTable, sameRevocations } from './revocations.js';

/** Keeps what is revoked as policy has it, for whoever judges certificates. */
export interface RevocationFeed {
  /** As last learned; undefined before the first time, when nobody may be trusted. An outage of policy leaves it as it is. */
  table(): Revocations | undefined;
  /** Asks anew; `version` is the one the answer must have reached, 0: any. Tries until it succeeds. */
  want(version: bigint): void;
  /** Resolves once there is a table; never, if it is closed before. */
  known(): Promise<void>;
  close(): void;
}

/** What the feed needs and whom it tells. */
export interface RevocationLink {
  /** Asks policy: encoded RevocationsRequest in, encoded RevocationsPage out; rejects when there is no answer. */
  request(question: Uint8Array): Promise<Uint8Array>;
  /** Resolves after a while: called between failed tries, with how many failed in a row. */
  pause(failures: number): Promise<void>;
  /** A table that says something else than the one before, or the first. */
  learned(table: Revocations): void;
  failed(error: unknown, failures: number): void;
}

/** More than this is no revocation list of a community. */
const most = { pages: 10_000, serials: 5_000_000 };
/** Answers older than asked for that are waited out: another policy instance may not have heard of the change yet. */
const mostOutdated = 20;

/** A feed that knows nothing yet; the first `want` begins. */
export function createRevocationFeed(link: RevocationLink): RevocationFeed {
  let table: Revocations | undefined;
  let wanted = false;
  let wantedVersion = 0n;
  let running = false;
  let closed = false;
  let tellKnown: () => void = () => undefined;
  const known = new Promise<void>((resolve) => {
    tellKnown = resolve;
  });

  /** Everything policy tells; undefined when it changed while it was told. */
  const pages = async (): Promise<Revocations | undefined> => {
    const lists: RevokedBy[] = [];
    let version: bigint | undefined;
    let after = 0;
    for (let page = 0; page < most.pages; page += 1) {
      const told = RevocationsPage.decode(await link.request(RevocationsRequest.encode({ after }).finish()));
      version ??= told.version;
      if (told.version !== version) return undefined;
      lists.push(...told.lists);
      if (told.next === 0) return revocationTable(version, lists);
      if (told.next <= after || told.next > most.serials) break;
      after = told.next;
    }
    throw new Error('the pages of the revocation lists do not end');
  };

  /** False when the answer changed under way or is outdated. */
  const learn = async (outdated: number): Promise<boolean> => {
    const found = await pages();
    if (found === undefined || (found.version < wantedVersion && outdated < mostOutdated)) return false;
    // The membership began anew with lower numbers: what was wanted will never come.
    if (found.version < wantedVersion) wantedVersion = found.version;
    const before = table;
    table = found;
    if (before === undefined || !sameRevocations(before, found)) link.learned(found);
    tellKnown();
    return true;
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    let outdated = 0;
    while (wanted && !closed) {
      wanted = false;
      try {
        if (await learn(outdated)) {
          failures = 0;
          outdated = 0;
          continue;
        }
        outdated += 1;
      } catch (error) {
        link.failed(error, failures + 1);
      }
      wanted = true;
      failures += 1;
      await link.pause(failures);
    }
    running = false;
  };

  return {
    table: () => table,
    known: () => known,
    want(version) {
      if (version > wantedVersion) wantedVersion = version;
      wanted = true;
      if (running || closed) return;
      running = true;
      void run();
    },
    close() {
      closed = true;
    },
  };
}
