import type { SpanAttributes } from './attributes.js';

/** A span that is over: nothing is made before that. Times are monotonic ms. */
export interface FinishedSpan {
  /** 32 digits of hex. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
  /** '' for the first of its trace. */
  readonly parentSpanId: string;
  /** The parent is another service's. */
  readonly remoteParent: boolean;
  readonly name: string;
  /** What it is of: of a call answered or made, of something handed on or taken in hand. */
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: SpanAttributes;
  /** Why it counts as failed, '' where it does not. */
  readonly failed: string;
}
