/** performance.now() counts from the start of the process; both count on CLOCK_MONOTONIC, so the distance stays. */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of the machine's monotonic clock: the same moment has the same number in every process of this machine. */
export function moment(): number {
  return performance.now() + offset;
}

/** Resolves after so many ms. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
