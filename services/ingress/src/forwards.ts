import type { Unheard } from '@guildhall/chassis/bus-unheard';
import { createOutbox, type Outbox } from '@guildhall/chassis/outbox';
import { sampleKey } from '@guildhall/chassis/trace-context';
import type { Job, Turn } from '@guildhall/chassis/turn';
import { ForwardBatch, ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { subjects } from '@guildhall/proto/subjects';
import type { Traces } from './traces.js';
import type { ServerTransaction } from './transactions.js';

/** What is gathered for one incarnation of a relay until the turn of the event loop ends. */
export interface RelayQueue extends Job {
  readonly id: string;
  readonly epoch: string;
  /** How often it had come back to NATS when it was last looked at. */
  returns: number;
  /** It is no longer heard of: what it has not answered must be handed to another. */
  gone: boolean;
}

/** Where batches go and how large they may be. */
export interface ForwardLink {
  readonly ingress: string;
  readonly epoch: string;
  readonly batchBytes: number;
  readonly batchCount: number;
  readonly turn: Turn;
  publish(subject: string, payload: Uint8Array, unheard: Unheard): void;
  /** What batches for this relay are published with: whoever it tells learns that the relay is gone. */
  unheard(relay: RelayName): Unheard;
  /** What says of a forward that it belongs to a trace. */
  readonly traces: Pick<Traces, 'threshold' | 'forward'>;
  /** Told of every batch: how many forwards it carried. */
  published(count: number): void;
  /** Monotonic ms. */
  clock(): number;
}

/** One incarnation of a relay. */
export interface RelayName {
  readonly id: string;
  readonly epoch: string;
  readonly returns: number;
}

/** One entry of a batch. */
export interface Forward {
  readonly kind: ForwardKind;
  readonly transaction: number;
  readonly member: string;
  readonly source: string;
  /** Record-Route value, '' for none. */
  readonly recordRoute: string;
  readonly loop: number;
  /** ms from now until the sender gives up. */
  readonly wait: number;
}

/** The way to the relays: one publish a relay and turn. */
export interface Forwards {
  queue(relay: RelayName): RelayQueue;
  /** Forgets a queue whose relay is gone; what it held is sent first, so that its transactions can be handed over like all others. */
  drop(queue: RelayQueue): void;
  /**
   * Appends a request and remembers in its transaction where its bytes are, so that they can be handed over again.
   * Hot path. Bytes are copied.
   */
  request(queue: RelayQueue, transaction: ServerTransaction, now: number, from: Buffer, start: number, end: number): void;
  /** The same for a request that was handed over before, perhaps to this very relay: its batch says so. */
  requestAgain(queue: RelayQueue, transaction: ServerTransaction, now: number, from: Buffer, start: number, end: number): void;
  /** Appends anything else. */
  add(queue: RelayQueue, forward: Forward, from: Buffer, start: number, end: number): void;
}

interface Gathered extends RelayQueue {
  readonly subject: string;
  readonly unheard: Unheard;
  readonly batch: ForwardBatch;
  readonly members: Map<string, number>;
  readonly recordRoutes: Map<string, number>;
  readonly sources: Map<string, number>;
  readonly wire: Outbox;
  /** What the batch will be in bytes, at most. */
  size: number;
  /** Transactions whose bytes are in `wire`, to be told where they end up, and where that is. */
  readonly remembering: ServerTransaction[];
  readonly offsets: number[];
  readonly lengths: number[];
}

const nothing = Buffer.alloc(0);

/** What an entry costs at most in the columns, and a batch or a table text besides its characters. */
const entryBytes = 40;
const batchBytes = 256;
const textBytes = 4;
/** What an entry of a trace costs. */
const tracedBytes = 40;
/** What one more entry may add to the tables: two ids, an address and a Record-Route. */
const entryTexts = 1024;

/** The gathering side of the way to the relays. */
export function createForwards(link: ForwardLink): Forwards {
  const queues = new Map<string, Gathered>();
  let writer = newWriter();

  const flush = (queue: Gathered): void => {
    const { batch, remembering } = queue;
    const count = batch.kind.length;
    if (count === 0) return;
    const wire = queue.wire.take();
    batch.wire = wire;
    batch.sent = Math.trunc(link.clock()) >>> 0 || 1;
    for (let at = 0; at < remembering.length; at += 1) {
      const transaction = remembering[at];
      if (transaction !== undefined) remember(transaction, wire, queue.offsets[at] ?? 0, queue.lengths[at] ?? 0);
    }
    try {
      link.publish(queue.subject, ForwardBatch.encode(batch, writer).finish(), queue.unheard);
    } catch (error) {
      // An encoder that threw holds half a message.
      writer = newWriter();
      throw error;
    } finally {
      empty(queue);
    }
    link.published(count);
  };

  const makeRoom = (queue: Gathered, bytes: number): void => {
    if (queue.batch.kind.length >= link.batchCount || queue.size + bytes + entryBytes + entryTexts > link.batchBytes) flush(queue);
    queue.size += bytes + entryBytes;
    link.turn.later(queue);
  };

  const request: Forwards['request'] = (relay, transaction, now, from, start, end) => {
    const queue = gathered(queues, relay);
    if (queue === undefined) return;
    makeRoom(queue, end - start);
    transaction.relay = queue;
    queue.remembering.push(transaction);
    queue.offsets.push(queue.wire.length());
    queue.lengths.push(end - start);
    const { batch } = queue;
    const { serial } = transaction.story;
    if (sampleKey(serial) < link.traces.threshold && serial !== 0) {
      batch.traced.push(link.traces.forward(batch.kind.length, serial));
      queue.size += tracedBytes;
    }
    batch.kind.push(ForwardKind.REQUEST);
    batch.transaction.push(transaction.id);
    batch.member.push(indexOf(queue, queue.members, batch.members, transaction.target));
    batch.recordRoute.push(
      transaction.recordRoute === '' ? 0 : indexOf(queue, queue.recordRoutes, batch.recordRoutes, transaction.recordRoute) + 1,
    );
    batch.source.push(indexOf(queue, queue.sources, batch.sources, transaction.wire.source));
    batch.loop.push(transaction.loop);
    batch.wait.push(Math.max(1, Math.ceil(transaction.deadline - now)));
    batch.length.push(end - start);
    queue.wire.bytes(from, start, end);
  };

  const drop = (queue: Gathered): void => {
    flush(queue);
    queue.gone = true;
    queue.unheard.close();
    queues.delete(queue.id);
  };

  return {
    queue(relay) {
      const known = queues.get(relay.id);
      if (known !== undefined && known.epoch === relay.epoch) return known;
      if (known !== undefined) drop(known);
      const made: Gathered = {
        id: relay.id,
        epoch: relay.epoch,
        returns: relay.returns,
        gone: false,
        queued: false,
        run: () => flush(made),
        subject: subjects.relay(relay.id),
        unheard: link.unheard({ id: relay.id, epoch: relay.epoch, returns: relay.returns }),
        batch: emptyBatch(link),
        members: new Map(),
        recordRoutes: new Map(),
        sources: new Map(),
        wire: createOutbox(4096),
        size: batchBytes,
        remembering: [],
        offsets: [],
        lengths: [],
      };
      queues.set(relay.id, made);
      return made;
    },
    drop(queue) {
      const known = gathered(queues, queue);
      if (known === undefined) queue.gone = true;
      else drop(known);
    },
    request,
    requestAgain(relay, transaction, now, from, start, end) {
      request(relay, transaction, now, from, start, end);
      const queue = gathered(queues, relay);
      if (queue !== undefined) queue.batch.again = true;
    },
    add(relay, forward, from, start, end) {
      const queue = gathered(queues, relay);
      if (queue === undefined) return;
      makeRoom(queue, end - start);
      const { batch } = queue;
      batch.kind.push(forward.kind);
      batch.transaction.push(forward.transaction);
      batch.member.push(indexOf(queue, queue.members, batch.members, forward.member));
      batch.recordRoute.push(
        forward.recordRoute === '' ? 0 : indexOf(queue, queue.recordRoutes, batch.recordRoutes, forward.recordRoute) + 1,
      );
      batch.source.push(indexOf(queue, queue.sources, batch.sources, forward.source));
      batch.loop.push(forward.loop);
      batch.wait.push(Math.max(1, Math.ceil(forward.wait)));
      batch.length.push(end - start);
      queue.wire.bytes(from, start, end);
    },
  };
}

/** The gathering side of a queue that is still in use; what is for a relay that is gone waits to be handed to another. */
function gathered(queues: ReadonlyMap<string, Gathered>, relay: RelayQueue): Gathered | undefined {
  const queue = queues.get(relay.id);
  return queue === relay ? queue : undefined;
}

/**
 * The batch's own bytes are what a transaction remembers: no copy. But an INVITE may wait for minutes and would hold on to its
 * neighbours' bytes all that time.
 */
function remember(transaction: ServerTransaction, wire: Buffer, offset: number, length: number): void {
  const own = transaction.method === 'INVITE';
  transaction.batch = own ? Buffer.from(wire.subarray(offset, offset + length)) : wire;
  transaction.offset = own ? 0 : offset;
  transaction.length = length;
  transaction.request = undefined;
}

function indexOf(queue: Gathered, table: Map<string, number>, list: string[], text: string): number {
  const known = table.get(text);
  if (known !== undefined) return known;
  const index = list.length;
  list.push(text);
  table.set(text, index);
  queue.size += text.length + textBytes;
  return index;
}

function emptyBatch(link: ForwardLink): ForwardBatch {
  return ForwardBatch.fromPartial({ ingress: link.ingress, epoch: link.epoch });
}

function empty(queue: Gathered): void {
  const { batch } = queue;
  for (const column of [
    batch.kind,
    batch.transaction,
    batch.member,
    batch.recordRoute,
    batch.source,
    batch.loop,
    batch.wait,
    batch.length,
  ]) {
    column.length = 0;
  }
  for (const list of [batch.members, batch.recordRoutes, batch.sources]) list.length = 0;
  for (const table of [queue.members, queue.recordRoutes, queue.sources]) table.clear();
  batch.traced.length = 0;
  batch.wire = nothing;
  batch.again = false;
  queue.size = batchBytes;
  for (const list of [queue.remembering, queue.offsets, queue.lengths]) list.length = 0;
}

/** A writer to be used again and again: `finish` resets it and nothing else does. */
function newWriter() {
  const made = ForwardBatch.encode(ForwardBatch.fromPartial({}));
  made.finish();
  return made;
}
