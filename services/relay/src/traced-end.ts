import type { TracedForward } from '@guildhall/proto/gen/guildhall/bus/v1/forward';

/** The end of a request of which a trace is made. Times are monotonic ms. */
export interface TracedEnd {
  readonly trace: TracedForward;
  readonly method: string;
  readonly member: string;
  /** "host:port" of the last proxy, "ingress <id>", or '' where none was chosen. */
  readonly link: string;
  readonly tries: number;
  readonly openedAt: number;
  /** First and last writing, 0: never. */
  readonly firstAt: number;
  readonly writtenAt: number;
  readonly endedAt: number;
  /** Of the final answer; 0: none came. */
  readonly status: number;
  /** Why none came: a code of the reason table, or '' where its time was over. */
  readonly code: string;
}

/** Who makes the traces. */
export interface Traces {
  ended(end: TracedEnd): void;
}
