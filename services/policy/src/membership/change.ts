import { ApiFault } from '@guildhall/chassis/api/api-fault';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import type { ChangeOrder, ChangeReport, EntryChange } from '@guildhall/proto/gen/guildhall/admin/v1/membership_service';
import { storeFault } from '../api/store-fault.js';
import { type Authorship, decodeNote, type StoredEntry } from './bucket-entry.js';
import { type Clash, type Plan, plan, type Wish, type Write } from './change-plan.js';
import { writeChange } from './change-write.js';
import { entryChange } from './entry-change.js';
import { readSnapshot } from './read-snapshot.js';
import type { CheckCommunity } from './remembering-check.js';
import type { MembershipStore } from './store.js';
import type { Snapshot } from './table.js';

/** Changes of the membership, one after the other. */
export interface Changes {
  /**
   * Plans a wish from the membership of this moment and writes it, or only tells what it would do. Planned anew when somebody else
   * changed something in between, as long as that leaves the expected revisions alone. Rejects with an ApiFault.
   */
  make(by: string, order: ChangeOrder | undefined, wish: (snapshot: Snapshot) => Wish): Promise<ChangeReport>;
  /** The bucket as of now, complete up to what was written last. Rejects with an ApiFault. */
  now(): Promise<Snapshot>;
}

/** What changes are made with. */
export interface ChangeNeeds {
  readonly bucket: KeyValue;
  readonly store: Pick<MembershipStore, 'snapshot' | 'hasSeen' | 'inForce'>;
  readonly check: CheckCommunity;
  wall(): Date;
  /** An id for what belongs to one change. */
  newId(): string;
}

/** How often a change is planned anew before it is given up. */
const attempts = 20;
/** Changes that wait for their turn. */
const mostWaiting = 200;
/** How long a change waits to hear of what others wrote, and to be in force itself, ms. */
const hearMs = 1000;
/** Problems told of one change. */
const mostProblems = 10;
const mostWhy = 300;
const controlCharacters = /\p{Cc}/u;

const unavailable = (thrown: unknown): ApiFault =>
  storeFault(
    thrown,
    'The membership cannot be read or written',
    'look at the history for what of a change was written; repeating it completes it',
  );

/** The reason of a change as it may stand in the history. */
function whyOf(order: ChangeOrder | undefined): string {
  const why = order?.why ?? '';
  if (why.length > mostWhy || controlCharacters.test(why)) {
    throw new ApiFault('invalid', `The reason of a change is one line of at most ${mostWhy} characters.`, 'shorten it');
  }
  return why;
}

function authorText({ who, when, why }: Authorship): string {
  const name = who === '' ? 'someone unnamed' : who;
  return `${name}, ${when === '' ? 'at an unknown time' : when}${why === '' ? '' : `: ${why}`}`;
}

function refuseProblems({ problems }: Plan): void {
  if (problems.length === 0) return;
  const told = problems.slice(0, mostProblems).join('; ');
  const more = problems.length > mostProblems ? `; and ${problems.length - mostProblems} more` : '';
  throw new ApiFault(
    'precondition',
    `The membership would contradict itself: ${told}${more}.`,
    'change what is named, nothing was written',
  );
}

/** Makes one change at a time, in the order asked for; with 200 waiting, the next is refused (ApiFault `limit`). */
export function createChanges({ bucket, store, check, wall, newId }: ChangeNeeds): Changes {
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  /** The snapshot with everything up to the bucket's newest revision. What is not heard of in time is read. */
  const upToDate = async (): Promise<{ snapshot: Snapshot; last: number }> => {
    const last = await bucket.lastRevision();
    if (store.hasSeen(last) || ((await store.inForce(last, hearMs)) && store.hasSeen(last))) return { snapshot: store.snapshot(), last };
    return { snapshot: await readSnapshot(bucket), last };
  };

  const clashFault = async ({ key, expected, found }: Clash): Promise<ApiFault> => {
    if (found !== undefined && expected === 0n) {
      const fault = `${key} is there already, in revision ${found.revision} (${authorText(found.by)}).`;
      return new ApiFault('exists', fault, 'change the one that is there, or take another id');
    }
    const cure = 'look at what it says, and make the change again from there';
    if (found !== undefined) {
      return new ApiFault('conflict', `Somebody else changed ${key} in revision ${found.revision} (${authorText(found.by)}).`, cure);
    }
    const mark = (await bucket.history(key)).at(-1);
    if (mark?.deleted !== true) return new ApiFault('not-found', `There is no ${key}.`, 'look at what there is');
    const by = decodeNote(mark.value);
    return new ApiFault('conflict', `Somebody else removed ${key} in revision ${mark.revision} (${authorText(by)}).`, cure);
  };

  const report = (
    version: bigint,
    writes: readonly Write[],
    made: Plan,
    written?: { by: Authorship; revisions: ReadonlyMap<string, number> },
  ): ChangeReport => ({
    version,
    entries: writes.map(({ key, body, before }): EntryChange => {
      const revision = written?.revisions.get(key) ?? 0;
      const by = written?.by ?? { who: '', when: '', why: '', change: '' };
      const after: StoredEntry | undefined = body === undefined ? undefined : { key, body, revision, by };
      return entryChange(key, { before, after, revision });
    }),
    warnings: [...made.warnings],
    dryRun: written === undefined,
  });

  const attempt = async (
    who: string,
    order: ChangeOrder | undefined,
    wish: (snapshot: Snapshot) => Wish,
  ): Promise<ChangeReport | undefined> => {
    const why = whyOf(order);
    const { snapshot, last } = await upToDate();
    const made = plan(snapshot, wish(snapshot), check);
    if (made.clash !== undefined) throw await clashFault(made.clash);
    refuseProblems(made);
    if (order?.dryRun === true) return report(snapshot.version, made.writes, made);
    const by: Authorship = { who, when: wall().toISOString(), why, change: newId() };
    if (made.writes.length === 0) return report(snapshot.version, [], made, { by, revisions: new Map() });
    const written = await writeChange(bucket, made.writes, by, last);
    if (written.result === 'late') return undefined;
    if (written.result === 'crossed') {
      throw new ApiFault(
        'conflict',
        `Somebody else changed ${written.key} at the same moment; nothing is changed by this.`,
        'look again, and repeat it',
      );
    }
    // Who reads his own change back from this instance shall find it.
    await store.inForce(written.last, hearMs);
    return report(BigInt(written.last), made.writes, made, { by, revisions: written.revisions });
  };

  const make: Changes['make'] = async (who, order, wish) => {
    for (let left = attempts; left > 0; left -= 1) {
      const done = await attempt(who, order, wish);
      if (done !== undefined) return done;
    }
    throw new ApiFault('conflict', 'Others keep changing the membership; nothing is changed by this.', 'repeat it in a moment');
  };

  const told = (thrown: unknown): never => {
    throw thrown instanceof KeyValueError ? unavailable(thrown) : thrown;
  };

  return {
    make(who, order, wish) {
      if (waiting >= mostWaiting) {
        return Promise.reject(new ApiFault('limit', `${mostWaiting} changes are waiting already.`, 'repeat it in a moment'));
      }
      waiting += 1;
      const mine = turn.then(() => make(who, order, wish)).catch(told);
      turn = mine.then(
        () => undefined,
        () => undefined,
      );
      return mine.finally(() => {
        waiting -= 1;
      });
    },
    now: () => upToDate().then(({ snapshot }) => snapshot, told),
  };
}
