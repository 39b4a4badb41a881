import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';
import type { Course } from './course.js';

/** How a transaction ended, as its ingress was told. */
export type Final = { readonly course: Course } & (
  | /** With a response: `wire[start, end)` is its bytes. */ {
      readonly kind: 'response';
      readonly status: number;
      readonly wire: Buffer;
      readonly start: number;
      readonly end: number;
    }
  /** Without one. */
  | { readonly kind: 'gone'; readonly code: string; readonly sentence: string }
);

/**
 * The batches made for one incarnation of an ingress lately, published or not yet. What was handed to NATS as it broke down is lost: it is sent
 * again when NATS is back, and where the ingress then sends its forwards again, the answers are at hand without the member hearing a
 * request a second time. Whole batches are kept as they were encoded, so that keeping costs nothing a message; they are read only when
 * they are needed.
 */
export interface Finals {
  /** `sent`: it was published. Returns how many that were not had to be given up to make room. */
  keep(payload: Uint8Array, sent: boolean, now: number): number;
  /** Every end among them by the ingress's transaction id; the latest counts. */
  read(): ReadonlyMap<number, Final>;
  /** Hands out every batch, oldest first: all are published now, and as young as if they had just been. */
  again(publish: (payload: Uint8Array) => void, now: number): void;
  /** Forgets what is older than `maxAge`. Not to be called while NATS is away. */
  age(now: number): void;
  /** Bytes kept. */
  bytes(): number;
}

interface Kept {
  readonly payload: Uint8Array;
  at: number;
  sent: boolean;
}

/** So many places are left empty at the front before the rest moves up. */
const roomiest = 256;

/** Keeps at most `maxBytes`, for at most `maxAge` ms; the oldest go first. */
export function createFinals(maxBytes: number, maxAge: number): Finals {
  let kept: Kept[] = [];
  let first = 0;
  let bytes = 0;
  /** What was read of the batches before `readTo`, undefined: nothing. */
  let known: Map<number, Final> | undefined;
  let readTo = 0;

  const drop = (): Kept | undefined => {
    const oldest = kept[first];
    if (oldest === undefined) return undefined;
    bytes -= oldest.payload.length;
    first += 1;
    known = undefined;
    if (first >= roomiest && first * 2 >= kept.length) {
      kept = kept.slice(first);
      first = 0;
    }
    return oldest;
  };

  return {
    keep(payload, sent, now) {
      kept.push({ payload, at: now, sent });
      bytes += payload.length;
      let lost = 0;
      while (bytes > maxBytes) if (drop()?.sent === false) lost += 1;
      return lost;
    },
    read() {
      if (known === undefined) {
        known = new Map();
        readTo = first;
      }
      for (; readTo < kept.length; readTo += 1) readInto(known, kept[readTo]?.payload);
      return known;
    },
    again(publish, now) {
      for (const one of kept.slice(first)) {
        one.at = now;
        one.sent = true;
        publish(one.payload);
      }
    },
    age(now) {
      for (let oldest = kept[first]; oldest !== undefined && now - oldest.at > maxAge; oldest = kept[first]) drop();
    },
    bytes: () => bytes,
  };
}

function readInto(finals: Map<number, Final>, payload: Uint8Array | undefined): void {
  if (payload === undefined) return;
  const batch = OutcomeBatch.decode(payload);
  const { kind, transaction, status, reason, gone, length, wire } = batch;
  let start = 0;
  for (let index = 0; index < kind.length; index += 1) {
    const end = start + (length[index] ?? 0);
    const number = transaction[index] ?? 0;
    const loss = gone[(reason[index] ?? 0) - 1];
    if (kind[index] === OutcomeKind.FINAL)
      finals.set(number, { kind: 'response', status: status[index] ?? 0, wire, start, end, course: courseOf(batch, index) });
    else if (kind[index] === OutcomeKind.GONE && loss !== undefined)
      finals.set(number, { kind: 'gone', code: loss.code, sentence: loss.sentence, course: courseOf(batch, index) });
    start = end;
  }
}

function courseOf({ link, links, waited, took, tries }: OutcomeBatch, index: number): Course {
  return {
    address: links[(link[index] ?? 0) - 1] ?? '',
    waited: waited[index] ?? 0,
    took: took[index] ?? 0,
    tries: tries[index] ?? 0,
    told: true,
  };
}
