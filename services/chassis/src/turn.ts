/** Work that is done at most once per turn of the event loop, however often it was asked for. */
export interface Job {
  run(): void;
  /** Turn's own mark that the job waits to be run: start it as false and leave it alone. */
  queued: boolean;
}

/** Collects jobs while a turn of the event loop reads its sockets and runs them when it is done with them. */
export interface Turn {
  /** Queues a job for the end of this turn; does nothing if it is queued already. Allocates nothing in steady state. */
  later(job: Job): void;
}

/**
 * One setImmediate per turn runs all queued jobs once each, in the order they were first queued. A job queued while
 * jobs run (by itself or by another) is run in the next turn, after the sockets were read again. A job that throws
 * does not keep the others from running: they follow in the next turn.
 */
export function createTurn(): Turn {
  // Two lists that swap, with counts of their own: setting a list's length to 0 would give its memory back every turn.
  let waiting: (Job | undefined)[] = [];
  let waitingCount = 0;
  let spare: (Job | undefined)[] = [];

  const runAll = (): void => {
    const jobs = waiting;
    const count = waitingCount;
    waiting = spare;
    waitingCount = 0;
    spare = jobs;
    let at = 0;
    try {
      while (at < count) {
        const job = jobs[at];
        jobs[at] = undefined;
        at += 1;
        if (job === undefined) continue;
        job.queued = false;
        job.run();
      }
    } finally {
      if (at < count) {
        const late = waiting.slice(0, waitingCount);
        waiting = [...jobs.slice(at, count), ...late];
        spare = [];
        if (waitingCount === 0) setImmediate(runAll);
        waitingCount = waiting.length;
      }
    }
  };

  return {
    later(job) {
      if (job.queued) return;
      job.queued = true;
      waiting[waitingCount] = job;
      waitingCount += 1;
      if (waitingCount === 1) setImmediate(runAll);
    },
  };
}
