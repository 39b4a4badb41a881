import { createOutbox, type Outbox } from '@guildhall/chassis/outbox';
import type { Job, Turn } from '@guildhall/chassis/turn';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';

/** One entry of a WireBatch: a whole message and the wire it is of. */
export interface WireEntry {
  readonly wire: string;
  readonly member: string;
  readonly source: string;
  readonly bytes: Buffer;
}

/** Who writes batches, and how. */
export interface WireLink {
  readonly id: string;
  readonly epoch: string;
  readonly batchBytes: number;
  /** For so many ms, and not more bytes of them, batches that left are kept to be published again. */
  readonly keptMs: number;
  readonly keptBytes: number;
  readonly turn: Turn;
  publish(subject: string, payload: Uint8Array): void;
  /** Monotonic ms. */
  clock(): number;
}

/** Gathers messages that belong to others' wires: one publish a subject and turn. */
export interface WireBatches {
  text(subject: string, wire: string, member: string, source: string, message: string): void;
  bytes(subject: string, wire: string, member: string, source: string, from: Buffer, start: number, end: number): void;
  /**
   * Publishes again what left lately on one of these subjects, or on any: it may have been lost with a connection to NATS. All of it is
   * responses, and one that comes twice is dropped where it ends (RFC 6026).
   */
  again(on: ReadonlySet<string> | 'all'): void;
  /** What left lately on a subject, oldest first. */
  kept(subject: string): readonly Uint8Array[];
}

interface Gathered extends Job {
  readonly subject: string;
  readonly indexes: Map<string, number>;
  readonly batch: WireBatch;
  readonly outbox: Outbox;
}

/** A batch that left. */
interface Sent {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly at: number;
}

/** Room that an entry takes besides its bytes: its columns, and a line of the tables. */
const entryBytes = 256;

/** The gathering side; each subject's batch leaves at the end of the turn. */
export function createWireBatches(link: WireLink): WireBatches {
  const gatherings = new Map<string, Gathered>();
  let sent: Sent[] = [];
  let bytes = 0;

  const keep = (subject: string, payload: Uint8Array): void => {
    const now = link.clock();
    sent.push({ subject, payload, at: now });
    bytes += payload.length;
    let old = 0;
    for (const one of sent) {
      if (bytes <= link.keptBytes && now - one.at <= link.keptMs) break;
      bytes -= one.payload.length;
      old += 1;
    }
    if (old > 0) sent = sent.slice(old);
  };

  const flush = (gathered: Gathered): void => {
    if (gathered.batch.length.length === 0) return;
    gathered.batch.wire = gathered.outbox.take();
    const payload = WireBatch.encode(gathered.batch).finish();
    // The turn still has this job: it must find nothing more to do.
    gathered.batch.length.length = 0;
    gatherings.delete(gathered.subject);
    keep(gathered.subject, payload);
    link.publish(gathered.subject, payload);
  };

  const gather = (subject: string, wire: string, member: string, source: string, length: number): Gathered => {
    let gathered = gatherings.get(subject);
    if (gathered !== undefined && gathered.outbox.length() + length + (gathered.batch.length.length + 2) * entryBytes > link.batchBytes) {
      flush(gathered);
      gathered = undefined;
    }
    if (gathered === undefined) {
      const made: Gathered = {
        subject,
        indexes: new Map(),
        batch: WireBatch.fromPartial({ service: 'ingress', id: link.id, epoch: link.epoch }),
        outbox: createOutbox(2048),
        queued: false,
        run: () => flush(made),
      };
      gatherings.set(subject, made);
      link.turn.later(made);
      gathered = made;
    }
    const { batch, indexes } = gathered;
    const key = `${wire} ${member} ${source}`;
    let index = indexes.get(key);
    if (index === undefined) {
      index = batch.wires.length;
      indexes.set(key, index);
      batch.wires.push(wire);
      batch.members.push(member);
      batch.sources.push(source);
    }
    batch.wireIndex.push(index);
    batch.length.push(length);
    return gathered;
  };

  return {
    again(on) {
      for (const { subject, payload } of sent) if (on === 'all' || on.has(subject)) link.publish(subject, payload);
    },
    kept(subject) {
      const gathered = gatherings.get(subject);
      if (gathered !== undefined) flush(gathered);
      return sent.filter((one) => one.subject === subject).map(({ payload }) => payload);
    },
    text(subject, wire, member, source, message) {
      gather(subject, wire, member, source, message.length).outbox.text(message);
    },
    bytes(subject, wire, member, source, from, start, end) {
      gather(subject, wire, member, source, end - start).outbox.bytes(from, start, end);
    },
  };
}

/** Reads a WireBatch: who sent it and its entries, or undefined when its columns do not fit each other. The bytes are views. */
export function readWires(payload: Uint8Array): { readonly from: WireBatch; readonly entries: readonly WireEntry[] } | undefined {
  let batch: WireBatch;
  try {
    batch = WireBatch.decode(payload);
  } catch {
    return undefined;
  }
  const { wires, members, sources, wireIndex, length } = batch;
  if (members.length !== wires.length || sources.length !== wires.length || length.length !== wireIndex.length) return undefined;
  const entries: WireEntry[] = [];
  let start = 0;
  for (let at = 0; at < length.length; at += 1) {
    const index = wireIndex[at] ?? 0;
    const end = start + (length[at] ?? 0);
    const wire = wires[index];
    const member = members[index];
    const source = sources[index];
    if (wire === undefined || member === undefined || source === undefined || end === start || end > batch.wire.length) return undefined;
    entries.push({ wire, member, source, bytes: batch.wire.subarray(start, end) });
    start = end;
  }
  return start === batch.wire.length ? { from: batch, entries } : undefined;
}
