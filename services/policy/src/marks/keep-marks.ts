import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { Bus } from '@guildhall/chassis/bus';
import { type KeyValue, KeyValueError } from '@guildhall/chassis/key-value';
import { Mark } from '@guildhall/proto/gen/guildhall/admin/v1/admin';
import { Marked } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { markKey, subjects } from '@guildhall/proto/subjects';
import { storeFault } from '../api/store-fault.js';

/** Members whose messages' heads are kept for a while, the same in every instance of policy. */
export interface Marks {
  /** Marks a member, or gives it another time. Rejects with an ApiFault. */
  mark(mark: Mark): Promise<Mark>;
  /** Takes a mark away and returns it. Rejects with an ApiFault, `not-found` where there is none. */
  unmark(member: string): Promise<Mark>;
  /** In the order of member ids. */
  list(): Mark[];
  /** Tells every ingress the whole list, unless it is empty. */
  say(): void;
  stop(): void;
}

/** What marks work with. */
export interface MarkNeeds {
  readonly bus: Pick<Bus, 'publish'>;
  /** Time of day in ms. */
  wall(): number;
  failed(what: string, thrown: unknown): void;
}

/** Marks at the same time. */
export const mostMarks = 100;
/** How often the list is said while there is one, ms. */
const sayEvery = 10_000;
/** `holds_for` is told as 32 bits. */
const longestTold = 2 ** 32 - 1;

interface Held {
  readonly mark: Mark;
  readonly until: number;
  readonly revision: number;
}

/**
 * Follows the bucket `marks`, where they outlive the instance that made them: each instance says the list of all, so that what one said
 * before it died goes on being said. Rejects with a KeyValueError.
 */
export async function keepMarks(bucket: KeyValue, { bus, wall, failed }: MarkNeeds): Promise<Marks> {
  const held = new Map<string, Held>();
  let begun = false;

  const live = (): Held[] => {
    const now = wall();
    return [...held.values()].filter(({ until }) => until > now).sort((one, other) => (one.mark.member < other.mark.member ? -1 : 1));
  };
  const sayAll = (marks: readonly Held[]): void => {
    const now = wall();
    const members = marks.slice(0, mostMarks).map(({ mark, until }) => {
      return { member: mark.member, holdsFor: Math.min(Math.max(1, Math.ceil(until - now)), longestTold) };
    });
    bus.publish(subjects.marked, Marked.encode({ members }).finish());
  };
  const say = (): void => {
    const marks = live();
    if (marks.length > 0) sayAll(marks);
  };
  const take = (key: string, value: Uint8Array, revision: number): void => {
    // What this instance wrote itself may be told again, later.
    if ((held.get(key)?.revision ?? 0) >= revision) return;
    const read = readMark(key, value);
    if (read === undefined) {
      held.delete(key);
      failed(`reading the mark ${key}`, new TypeError('it is none'));
    } else held.set(key, { ...read, revision });
    // Also an empty list: so whoever is marked no more is known at once.
    if (begun) sayAll(live());
  };

  const stopWatching = await bucket.watch({
    entry({ key, value, revision, deleted }) {
      if (!deleted) take(key, value, revision);
      else if ((held.get(key)?.revision ?? 0) < revision && held.delete(key) && begun) sayAll(live());
    },
    current() {
      begun = true;
      say();
    },
  });

  /** Those whose time is past leave the bucket too; whichever instance is first. */
  const sweep = async (): Promise<void> => {
    const now = wall();
    for (const [key, { until, revision }] of [...held]) {
      if (until > now) continue;
      held.delete(key);
      await bucket.delete(markKey(key), { previousRevision: revision });
    }
  };
  const timer = setInterval(() => {
    say();
    sweep().catch((thrown: unknown) => {
      if (!(thrown instanceof KeyValueError && thrown.code === 'conflict')) failed('forgetting old marks', thrown);
    });
  }, sayEvery);
  timer.unref();

  const told = async <T>(act: Promise<T>): Promise<T> => {
    try {
      return await act;
    } catch (thrown) {
      if (!(thrown instanceof KeyValueError)) throw thrown;
      if (thrown.code === 'conflict') throw new ApiFault('conflict', 'Somebody else changed this mark first.', 'look at it again', thrown);
      throw storeFault(thrown, 'The marks cannot be written', 'try again');
    }
  };

  return {
    async mark(mark) {
      const key = markKey(mark.member);
      if (live().filter((one) => one.mark.member !== mark.member).length >= mostMarks) {
        throw new ApiFault('limit', `There are ${mostMarks} marked members already.`, 'take some away with guildhall trace off');
      }
      const value = Mark.encode(mark).finish();
      const revision = await told(bucket.put(key, value));
      take(key, value, revision);
      return mark;
    },
    async unmark(member) {
      const found = live().find(({ mark }) => mark.member === member);
      if (found === undefined) throw new ApiFault('not-found', 'This member is not marked.', 'see guildhall trace list');
      await told(bucket.delete(markKey(member), { previousRevision: found.revision }));
      if (held.delete(member)) sayAll(live());
      return found.mark;
    },
    list: () => live().map(({ mark }) => mark),
    say,
    stop() {
      clearInterval(timer);
      stopWatching();
    },
  };
}

/** A value of the bucket, if it is one of ours. */
function readMark(key: string, value: Uint8Array): { mark: Mark; until: number } | undefined {
  try {
    const mark = Mark.decode(value);
    const until = Date.parse(mark.until);
    return mark.member === key && !Number.isNaN(until) ? { mark, until } : undefined;
  } catch {
    return undefined;
  }
}
