import { errors } from '@nats-io/transport-node';

/** What takes a moment to open on a connection, and must not be cut off when it is half open. */
export interface Openings {
  /** Opens something, or rejects because no more is opened. */
  open<T>(work: () => Promise<T>): Promise<T>;
  /** From now on nothing is opened. Resolves when all that is being opened is open or has failed. */
  finish(): Promise<void>;
}

/** For one connection. After `finish`, `open` rejects with the ClosedConnectionError of the NATS library. */
export function createOpenings(): Openings {
  const underWay = new Set<Promise<unknown>>();
  let finished = false;
  return {
    open(work) {
      if (finished) return Promise.reject(new errors.ClosedConnectionError());
      const one = work();
      underWay.add(one);
      const done = (): void => {
        underWay.delete(one);
      };
      one.then(done, done);
      return one;
    },
    async finish() {
      finished = true;
      await Promise.allSettled(underWay);
    },
  };
}
