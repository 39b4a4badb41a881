import type { Bus } from '@guildhall/chassis/bus';
import type { Unheard } from '@guildhall/chassis/bus-unheard';
import { createOutbox } from '@guildhall/chassis/outbox';
import type { Turn } from '@guildhall/chassis/turn';
import { WireBatch } from '@guildhall/proto/gen/guildhall/bus/v1/wire';
import type { Message } from '@guildhall/proto/sip/message';

const idShape = /^[A-Za-z0-9_-]{0,64}$/;

/** Who sends wire batches from here. */
export interface Self {
  readonly id: string;
  readonly epoch: string;
}

/** Whole messages for processes that hold, or handle, another's connection: one publish per destination per turn. */
export interface WireSender {
  /** `destination` is the id of the process; `head` is latin1, source[start, end) follows it. */
  add(destination: string, wire: Wire, head: string, source: Buffer, start: number, end: number): void;
}

/** The connection a message belongs to: its holder's id of it ('': any of that member), the member, the far end. */
export interface Wire {
  readonly wire: string;
  readonly member: string;
  readonly source: string;
}

/** Who is told of batches that nobody heard. */
export interface LostWires {
  lost(destination: string, batch: WireBatch): void;
  /** Monotonic ms. */
  clock(): number;
  /** Whether what is sent was sent before, to the same destination. */
  readonly again?: boolean;
}

interface Parcel {
  wires: string[];
  members: string[];
  sources: string[];
  wireIndex: number[];
  length: number[];
}

const largestBatch = 512 * 1024;

/** NATS says that nobody heard a batch within this, ms: so long it is kept, and until the next one leaves. */
const unheardTime = 1000;

function emptyParcel(): Parcel {
  return { wires: [], members: [], sources: [], wireIndex: [], length: [] };
}

/** `subjectOf` says where batches for a destination go. */
export function createWireSender(
  bus: Bus,
  turn: Turn,
  self: Self,
  subjectOf: (destination: string) => string,
  { lost, clock, again }: LostWires,
): WireSender {
  const builders = new Map<string, ReturnType<typeof createBuilder>>();
  /** Batches that left lately, oldest first. */
  const watched: { readonly unheard: Unheard; readonly at: number }[] = [];
  const most = Math.min(largestBatch, bus.maxPayload / 2);

  /** One a batch, so that it is known which was not heard. */
  const watch = (destination: string, batch: WireBatch): Unheard => {
    const now = clock();
    for (let oldest = watched[0]; oldest !== undefined && now - oldest.at > unheardTime; oldest = watched[0]) {
      oldest.unheard.close();
      watched.shift();
    }
    const unheard = bus.unheard(() => {
      unheard.close();
      lost(destination, batch);
    });
    watched.push({ unheard, at: now });
    return unheard;
  };

  function createBuilder(destination: string) {
    const subject = subjectOf(destination);
    const outbox = createOutbox(4 * 1024);
    let parcel = emptyParcel();
    const flush = (): void => {
      if (parcel.length.length === 0) return;
      const full = parcel;
      parcel = emptyParcel();
      const batch = { service: 'relay', id: self.id, epoch: self.epoch, again, ...full, wire: outbox.take() };
      bus.publish(subject, WireBatch.encode(batch).finish(), watch(destination, batch));
    };
    const job = {
      queued: false,
      run: () => {
        flush();
        builders.delete(destination);
      },
    };
    return (wire: Wire, head: string, source: Buffer, start: number, end: number): void => {
      const bytes = head.length + end - start;
      if (outbox.length() + bytes > most) flush();
      let index = parcel.wires.findIndex((id, i) => id === wire.wire && parcel.members[i] === wire.member);
      if (index < 0) {
        index = parcel.wires.push(wire.wire) - 1;
        parcel.members.push(wire.member);
        parcel.sources.push(wire.source);
      }
      parcel.wireIndex.push(index);
      parcel.length.push(bytes);
      outbox.text(head);
      outbox.bytes(source, start, end);
      turn.later(job);
    };
  }

  return {
    add(destination, wire, head, source, start, end) {
      let builder = builders.get(destination);
      if (builder === undefined) {
        builder = createBuilder(destination);
        builders.set(destination, builder);
      }
      builder(wire, head, source, start, end);
    },
  };
}

/** Adds a message as it came. */
export function addMessage(sender: WireSender, destination: string, wire: Wire, m: Message): void {
  sender.add(destination, wire, m.head, m.buffer, m.start + m.head.length, m.end);
}

/** A batch from the bus with its columns checked against each other, or undefined. */
export function readWires(payload: Uint8Array): WireBatch | undefined {
  let batch: WireBatch;
  try {
    batch = WireBatch.decode(payload);
  } catch {
    return undefined;
  }
  const { wires, members, sources, wireIndex, length, wire } = batch;
  if (members.length !== wires.length || sources.length !== wires.length || wireIndex.length !== length.length) return undefined;
  if (!wires.every((id) => idShape.test(id)) || !members.every((id) => idShape.test(id))) return undefined;
  if (wireIndex.some((index) => index >= wires.length) || length.includes(0)) return undefined;
  let bytes = 0;
  for (const one of length) bytes += one;
  return bytes === wire.length ? batch : undefined;
}

/** Calls back for each message of a batch that `readWires` accepted, as a view. */
export function eachWire(batch: WireBatch, visit: (wire: string, member: string, bytes: Buffer) => void): void {
  let at = 0;
  for (let i = 0; i < batch.length.length; i += 1) {
    const index = batch.wireIndex[i] ?? 0;
    const until = at + (batch.length[i] ?? 0);
    visit(batch.wires[index] ?? '', batch.members[index] ?? '', batch.wire.subarray(at, until));
    at = until;
  }
}
