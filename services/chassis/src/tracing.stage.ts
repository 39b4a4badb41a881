import type { FinishedSpan, Tracing } from './tracing.js';

/** Tracing that keeps what it is given. `budget`: how often `admits` says yes. */
export function keptTracing(threshold: number, budget = Number.POSITIVE_INFINITY): Tracing & { readonly kept: FinishedSpan[] } {
  const kept: FinishedSpan[] = [];
  let left = budget;
  return {
    kept,
    on: true,
    threshold,
    admits() {
      left -= 1;
      return left >= 0;
    },
    span: (span) => void kept.push(span),
    close: async () => undefined,
  };
}
