import type { KeptVerdict } from './kept-verdict.js';
import type { AskSubject, Verdicts } from './verdicts.js';

/** Requests that wait for a verdict nobody has yet. */
export interface Waiting<T> {
  /** Puts one in line behind a question, asking it if nobody has; false when too much waits already. */
  add(key: string, subject: AskSubject, item: T): boolean;
  size(): number;
}

const untraced = (): string => '';

/** The last part of the room is for members that have less than so much of it: one whose questions are slow to answer keeps nobody else out. */
const keptFree = 1 / 4;

/**
 * All that wait behind one question go on together, in the order they came, when it is answered or has failed (verdict undefined). The question is part
 * of the trace of the one that came first: `traceOf` gives a `traceparent` or ''.
 */
export function createWaiting<T>(
  verdicts: Pick<Verdicts, 'fetch'>,
  most: number,
  go: (item: T, verdict: KeptVerdict | undefined) => void,
  traceOf: (item: T) => string = untraced,
): Waiting<T> {
  const lines = new Map<string, T[]>();
  /** How many wait, by who sent them. */
  const peers = new Map<string, number>();
  let size = 0;

  const release = (key: string, peer: string, verdict: KeptVerdict | undefined): void => {
    const line = lines.get(key) ?? [];
    lines.delete(key);
    size -= line.length;
    const left = (peers.get(peer) ?? 0) - line.length;
    if (left > 0) peers.set(peer, left);
    else peers.delete(peer);
    for (const item of line) go(item, verdict);
  };

  return {
    size: () => size,
    add(key, subject, item) {
      const own = peers.get(subject.peer) ?? 0;
      if (size >= most || (size >= most * (1 - keptFree) && own >= most * keptFree)) return false;
      size += 1;
      peers.set(subject.peer, own + 1);
      const line = lines.get(key);
      if (line !== undefined) {
        line.push(item);
        return true;
      }
      lines.set(key, [item]);
      verdicts.fetch(key, subject, traceOf(item)).then(
        (verdict) => release(key, subject.peer, verdict),
        () => release(key, subject.peer, undefined),
      );
      return true;
    },
  };
}
