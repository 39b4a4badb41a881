/** Takes a payload that stays as it is. Never throws. */
export type Take = (payload: Uint8Array) => void;

/**
 * The short way between services that run in one process: what one says on a subject that only another of them hears is
 * handed over without NATS, which spares two writings, two readings and a wakeup of nats-server for each message. Whatever
 * several may hear (greetings, changes, records) goes over NATS all the same.
 */
export interface SameProcess {
  /** `take` gets what is said here on a subject that nobody else hears; who came last gets it. Returns how to stop: nothing is taken any more. */
  hear(subject: string, take: Take): () => void;
  /**
   * Hands a copy over once the job that runs now has returned, in the order in which it was said, so that no handler is called from inside
   * another's publish. False: nobody in this process hears it.
   */
  say(subject: string, payload: Uint8Array): boolean;
}

interface Ear {
  readonly take: Take;
  stopped: boolean;
}

/** Makes the short way of one process. What is said is kept until the job that said it returns, no longer. */
export function createSameProcess(): SameProcess {
  const ears = new Map<string, Ear>();
  let said: { readonly ear: Ear; readonly payload: Uint8Array }[] = [];

  const handOver = (): void => {
    const now = said;
    said = [];
    for (const { ear, payload } of now) if (!ear.stopped) ear.take(payload);
  };

  return {
    hear(subject, take) {
      const ear = { take, stopped: false };
      ears.set(subject, ear);
      return () => {
        ear.stopped = true;
        if (ears.get(subject) === ear) ears.delete(subject);
      };
    },
    say(subject, payload) {
      const ear = ears.get(subject);
      if (ear === undefined) return false;
      // Who says it may use its bytes again at the end of this turn; who hears it may keep views of them.
      if (said.push({ ear, payload: payload.slice() }) === 1) queueMicrotask(handOver);
      return true;
    },
  };
}
