/**
 * What arrived and was not looked at yet, and who waits for what. Tests wait for the event itself: there are no sleeps, and the
 * patience only ends a test that has failed already.
 */
export interface Mailbox<T> {
  put(item: T): void;
  /**
   * The first item, arrived already or yet to come, for which `match` holds; it leaves the mailbox. Rejects after `patience` ms with what
   * did come, or at once when the mailbox is closed.
   */
  take(what: string, match: (item: T) => boolean, patience?: number): Promise<T>;
  /** The same, but undefined once `end` is settled: what comes later stays in the mailbox. */
  takeUntil(match: (item: T) => boolean, end: Promise<unknown>): Promise<T | undefined>;
  /** What arrived and nobody took, oldest first. */
  held(): readonly T[];
  /** Throws that away. */
  empty(): void;
  /** Nothing more will come: whoever waits is told why. */
  close(why: string): void;
}

interface Waiting<T> {
  match(item: T): boolean;
  resolve(item: T): void;
  reject(error: Error): void;
}

/** Milliseconds after which a test that waits has failed. */
export const defaultPatience = 20_000;

/** @param describe one line about an item, for the message of a failed wait */
export function createMailbox<T extends NonNullable<unknown>>(name: string, describe: (item: T) => string): Mailbox<T> {
  const held: T[] = [];
  const waiting = new Set<Waiting<T>>();
  let closed: string | undefined;

  const story = () => (held.length === 0 ? 'nothing else came' : `there is:\n${held.map((item) => `  ${describe(item)}`).join('\n')}`);

  const pick = (match: (item: T) => boolean): T | undefined => {
    const found = held.find(match);
    if (found !== undefined) held.splice(held.indexOf(found), 1);
    return found;
  };

  return {
    put(item) {
      for (const one of waiting) {
        if (!one.match(item)) continue;
        waiting.delete(one);
        one.resolve(item);
        return;
      }
      held.push(item);
    },
    take(what, match, patience = defaultPatience) {
      const found = pick(match);
      if (found !== undefined) return Promise.resolve(found);
      // Made here so that the stack leads to the line of the test that waits.
      const failure = new Error();
      return new Promise((resolve, reject) => {
        const fail = (why: string) => {
          failure.message = `${name} waited for ${what}: ${why}; ${story()}`;
          reject(failure);
        };
        if (closed !== undefined) return fail(closed);
        const timer = setTimeout(() => {
          waiting.delete(one);
          fail(`not within ${patience} ms`);
        }, patience);
        const one: Waiting<T> = {
          match,
          resolve: (item) => {
            clearTimeout(timer);
            resolve(item);
          },
          reject: (error) => {
            clearTimeout(timer);
            fail(error.message);
          },
        };
        waiting.add(one);
      });
    },
    takeUntil(match, end) {
      const found = pick(match);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve) => {
        const one: Waiting<T> = { match, resolve, reject: () => resolve(undefined) };
        const over = () => {
          waiting.delete(one);
          resolve(undefined);
        };
        waiting.add(one);
        end.then(over, over);
      });
    },
    held: () => held,
    empty: () => void held.splice(0),
    close(why) {
      closed ??= why;
      for (const one of waiting) one.reject(new Error(why));
      waiting.clear();
    },
  };
}
