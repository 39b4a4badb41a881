import type { FinishedSpan } from './finished-span.js';
import type { Tracing } from './tracing.js';

/** A span with its attributes as plain values. */
export type KeptSpan = Omit<FinishedSpan, 'attributes'> & { readonly attributes: Readonly<Record<string, string | number>> };

/** Tracing that keeps what it is given. `budget`: how often `admits` says yes. */
export function keptTracing(threshold: number, budget = Number.POSITIVE_INFINITY): Tracing & { readonly kept: KeptSpan[] } {
  const kept: KeptSpan[] = [];
  let left = budget;
  return {
    kept,
    on: true,
    threshold,
    admits() {
      left -= 1;
      return left >= 0;
    },
    span: (span) => void kept.push({ ...span, attributes: Object.fromEntries(span.attributes) }),
    close: async () => undefined,
  };
}
