/** Of how many batches one is looked at. */
export interface Sampling {
  /** 1: all are. */
  times(): number;
  /** Whether the batch of that place in the stream is looked at. */
  takes(sequence: number): boolean;
  /** Tells how many records are stored and not looked at, once a second. */
  behind(records: number): void;
}

/** The coarsest. */
const most = 1024;

/**
 * All batches as long as no more than `tolerated` records wait. Beyond that one of two, of four and so on, for as long as more wait than a
 * second before; finer again once half of what is tolerated, or less, waits.
 */
export function createSampling(tolerated: number): Sampling {
  let times = 1;
  let before = 0;
  return {
    times: () => times,
    takes: (sequence) => sequence % times === 0,
    behind(records) {
      if (records > tolerated && records >= before) times = Math.min(times * 2, most);
      else if (records <= tolerated / 2 && times > 1) times /= 2;
      before = records;
    },
  };
}
