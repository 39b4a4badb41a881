/** Milliseconds from a fixed point of this process's own, never going back: for every due time and age. */
export function monotonic(): number {
  return performance.now();
}

/** The time of day: for records, certificates and logs, never for an interval. */
export function wall(): Date {
  return new Date();
}
