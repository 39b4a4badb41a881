import { OutcomeBatch, OutcomeKind } from '@guildhall/proto/gen/guildhall/bus/v1/outcome';

/** A final response as an ingress was told it: `wire[start, end)` is its bytes. */
export interface Final {
  readonly status: number;
  readonly wire: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * The batches published to one incarnation of an ingress lately. What was handed to NATS as it broke down is lost; the ingress then sends its
 * forwards again, and the answers are at hand without the member hearing a request a second time. Whole batches are kept as they were
 * encoded, so that keeping costs nothing a message; they are read only when they are needed.
 */
export interface Finals {
  keep(payload: Uint8Array, now: number): void;
  /** Every final response among them by the ingress's transaction id; the latest counts. */
  read(): ReadonlyMap<number, Final>;
  /** Forgets what is older than `maxAge`. */
  age(now: number): void;
  /** Bytes kept. */
  bytes(): number;
}

interface Kept {
  readonly payload: Uint8Array;
  readonly at: number;
}

/** Keeps at most `maxBytes`, for at most `maxAge` ms; the oldest go first. */
export function createFinals(maxBytes: number, maxAge: number): Finals {
  let kept: Kept[] = [];
  let bytes = 0;

  const drop = (count: number): void => {
    for (let index = 0; index < count; index += 1) bytes -= kept[index]?.payload.length ?? 0;
    if (count > 0) kept = kept.slice(count);
  };

  return {
    keep(payload, now) {
      kept.push({ payload, at: now });
      bytes += payload.length;
      if (bytes <= maxBytes) return;
      // Half goes at once, so that this is not done for every batch.
      let rest = bytes;
      let count = 0;
      while (rest > maxBytes / 2 && count < kept.length) {
        rest -= kept[count]?.payload.length ?? 0;
        count += 1;
      }
      drop(count);
    },
    read() {
      const finals = new Map<number, Final>();
      for (const { payload } of kept) readInto(finals, payload);
      return finals;
    },
    age(now) {
      const young = kept.findIndex(({ at }) => now - at <= maxAge);
      drop(young < 0 ? kept.length : young);
    },
    bytes: () => bytes,
  };
}

function readInto(finals: Map<number, Final>, payload: Uint8Array): void {
  const { kind, transaction, status, length, wire } = OutcomeBatch.decode(payload);
  let start = 0;
  for (let index = 0; index < kind.length; index += 1) {
    const end = start + (length[index] ?? 0);
    if (kind[index] === OutcomeKind.FINAL) finals.set(transaction[index] ?? 0, { status: status[index] ?? 0, wire, start, end });
    start = end;
  }
}
