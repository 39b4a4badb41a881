/** How a request got to its member, as its ingress is told with its end. A transaction is one; so is what was told of one before. */
export interface Course {
  /** The proxy that answered or was to be tried last: "host:port", or "ingress <id>" where a connection that the member opened there is used. */
  readonly address: string;
  /** How often it was written. */
  readonly tries: number;
  /** From its arrival here to the first writing, or, never written, to its end, µs. */
  readonly waited: number;
  /** From the last writing to the final answer or to giving up, µs. */
  readonly took: number;
  /** An end of it was told before: this one is a repetition. */
  readonly told: boolean;
}

/** A course that is being run; times are monotonic ms. */
export interface RunningCourse extends Course {
  address: string;
  tries: number;
  waited: number;
  took: number;
  told: boolean;
  readonly arrivedAt: number;
  /** First and last writing, 0: none yet. */
  firstAt: number;
  lastAt: number;
}

/** What takes no way at all: refused as it came. */
export const noCourse: Course = { address: '', tries: 0, waited: 0, took: 0, told: false };

/** It is being written to a proxy. */
export function noteWriting(course: RunningCourse, now: number): void {
  if (course.tries === 0) {
    course.firstAt = now;
    course.waited = micros(course.arrivedAt, now);
  }
  course.lastAt = now;
  course.tries += 1;
}

/** Its end is known: an answer was read, or none will come. */
export function noteEnd(course: RunningCourse, now: number): void {
  if (course.tries === 0) course.waited = micros(course.arrivedAt, now);
  else course.took = micros(course.lastAt, now);
}

/** As a column holds it: uint32. */
function micros(from: number, until: number): number {
  const us = Math.round((until - from) * 1000);
  return us > 0xffffffff ? 0xffffffff : us > 0 ? us : 0;
}
