import type { KeptVerdict } from './kept-verdict.js';
import type { AskSubject, Verdicts } from './verdicts.js';

/** Requests that wait for a verdict nobody has yet. */
export interface Waiting<T> {
  /** Puts one in line behind a question, asking it if nobody has; false when too much waits already. */
  add(key: string, subject: AskSubject, item: T): boolean;
  size(): number;
}

/** All that wait behind one question go on together, in the order they came, when it is answered or has failed (verdict undefined). */
export function createWaiting<T>(verdicts: Verdicts, most: number, go: (item: T, verdict: KeptVerdict | undefined) => void): Waiting<T> {
  const lines = new Map<string, T[]>();
  let size = 0;

  const release = (key: string, verdict: KeptVerdict | undefined): void => {
    const line = lines.get(key) ?? [];
    lines.delete(key);
    size -= line.length;
    for (const item of line) go(item, verdict);
  };

  return {
    size: () => size,
    add(key, subject, item) {
      if (size >= most) return false;
      size += 1;
      const line = lines.get(key);
      if (line !== undefined) {
        line.push(item);
        return true;
      }
      lines.set(key, [item]);
      verdicts.fetch(key, subject).then(
        (verdict) => release(key, verdict),
        () => release(key, undefined),
      );
      return true;
    },
  };
}
