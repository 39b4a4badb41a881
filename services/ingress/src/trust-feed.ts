import { TrustPage, TrustRequest } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { mergeTrust, type ReadAnchors, type TrustSource, type TrustTable, trustTable } from './trust.js';

/** Keeps the trust table as policy has it. */
export interface TrustFeed {
  /** The table as last learned; undefined before the first time. An outage of policy leaves it as it is. */
  table(): TrustTable | undefined;
  /** Asks for these members anew, or for everybody; `version` is the membership the answer must have reached. Tries until it succeeds. */
  want(members: readonly string[] | undefined, version: bigint): void;
  close(): void;
}

/** What the feed needs and whom it tells. */
export interface TrustLink {
  /** Asks policy: encoded TrustRequest in, encoded TrustPage out; rejects when there is no answer. */
  request(question: Uint8Array): Promise<Uint8Array>;
  readonly readAnchors: ReadAnchors;
  /** Resolves after a while: called between failed tries, with how many failed in a row. */
  pause(failures: number): Promise<void>;
  /** A new table; `touched` are the members asked about, undefined for everybody. */
  learned(table: TrustTable, touched: readonly string[] | undefined): void;
  failed(error: unknown, failures: number): void;
  /** A member's authorities ('' for the community's) that cannot be read. */
  brokenAnchors(member: string): void;
}

/** A membership of more pages than this is no membership. */
const mostPages = 10_000;
/** Answers older than asked for that are waited out: another policy instance may not have heard of the change yet. */
const mostOutdated = 20;

/** A feed that knows nothing yet; the first `want` begins. */
export function createTrustFeed(link: TrustLink): TrustFeed {
  let source: TrustSource | undefined;
  let table: TrustTable | undefined;
  let wanted: Set<string> | 'all' | undefined;
  let wantedVersion = 0n;
  let outdated = 0;
  /** Tries in a row that brought nothing. */
  let failures = 0;
  /** The version of `source`, as long as all of it was told at once. */
  let whole: bigint | undefined;
  let running = false;
  let closed = false;

  /** Everything policy tells about these members; undefined when it is outdated or changed while it was told. */
  const pages = async (members: readonly string[]): Promise<TrustSource | undefined> => {
    const found: TrustPage[] = [];
    let after = '';
    do {
      const page = TrustPage.decode(await link.request(TrustRequest.encode({ members: [...members], after }).finish()));
      if (found.length >= mostPages || (page.next !== '' && page.next <= after)) throw new Error('the pages of the membership do not end');
      found.push(page);
      after = page.next;
    } while (after !== '');
    const first = found[0];
    if (first === undefined || found.some((page) => page.version !== first.version)) return undefined;
    if (first.version < wantedVersion && outdated < mostOutdated) return undefined;
    return {
      version: first.version,
      anchors: first.anchors,
      members: found.flatMap((page) => page.members),
      discovery: first.discovery,
    };
  };

  /** False when the answer was outdated. */
  const learn = async (asked: Set<string> | 'all'): Promise<boolean> => {
    // Without a first table a part is not enough.
    const some = asked === 'all' || source === undefined ? undefined : [...asked];
    const answer = await pages(some ?? []);
    if (answer === undefined) return false;
    // The membership began anew with lower numbers: what was wanted will never come.
    if (answer.version < wantedVersion) wantedVersion = answer.version;
    if (some === undefined && answer.version === whole) return true;
    whole = some === undefined ? answer.version : undefined;
    source = some === undefined || source === undefined ? answer : mergeTrust(source, some, answer);
    table = trustTable(source, link.readAnchors, link.brokenAnchors);
    link.learned(table, some);
    return true;
  };

  const tried = async (asked: Set<string> | 'all'): Promise<boolean> => {
    try {
      const learned = await learn(asked);
      if (!learned) outdated += 1;
      return learned;
    } catch (error) {
      link.failed(error, failures + 1);
      return false;
    }
  };

  const run = async (): Promise<void> => {
    while (wanted !== undefined && !closed) {
      const asked: Set<string> | 'all' = wanted;
      wanted = undefined;
      if (await tried(asked)) {
        failures = 0;
        outdated = 0;
      } else {
        wanted = joined(asked, wanted);
        failures += 1;
        await link.pause(failures);
      }
    }
    running = false;
  };

  return {
    table: () => table,
    want(members, version) {
      if (version > wantedVersion) wantedVersion = version;
      wanted = joined(members === undefined ? 'all' : new Set(members), wanted);
      if (running || closed) return;
      running = true;
      void run();
    },
    close() {
      closed = true;
    },
  };
}

function joined(one: Set<string> | 'all', other: Set<string> | 'all' | undefined): Set<string> | 'all' {
  if (one === 'all' || other === 'all') return 'all';
  return other === undefined ? one : new Set([...one, ...other]);
}
