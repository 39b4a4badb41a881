import {
  type Consumer,
  type ConsumerMessages,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type JsMsg,
  jetstreamManager,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Following, type FollowOptions, followStream } from './stream-follow.js';

/** A message as a stream keeps it. */
export interface StreamMessage {
  /** Its place; places count up by one. */
  readonly sequence: number;
  /** When it was stored, ms since 1970, by the server's clock. */
  readonly stored: number;
  readonly payload: Uint8Array;
  /** How many there are behind it. */
  readonly pending: number;
}

/** How a stream stands. */
export interface StreamFacts {
  /** When it was made: a stream that was deleted and made again is another one. */
  readonly made: string;
  readonly messages: number;
  readonly bytes: number;
  /** Places of the first and last message; of an empty stream, last + 1 and the last there was. */
  readonly first: number;
  readonly last: number;
  /** When the first was stored, ms since 1970; 0: there is none. */
  readonly firstStored: number;
}

/**
 * Streams that others made and fill, to be read only. Calls reject with the errors of the NATS library; none needs more than STREAM.INFO,
 * STREAM.MSG.GET and the CONSUMER calls of the streams that are read.
 */
export interface StreamReader {
  /** Undefined: there is no such stream. */
  facts(stream: string): Promise<StreamFacts | undefined>;
  /** The last message on a subject. */
  last(stream: string, subject: string): Promise<StreamMessage | undefined>;
  /** The place of the first message stored at that time or later; behind the last if there is none. */
  placeAt(stream: string, time: number): Promise<number>;
  /** Hands out the messages of these places, both included, in order. Ends early with the signal. */
  read(
    stream: string,
    range: { readonly from: number; readonly to: number },
    heard: (message: StreamMessage) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Hands out all from a place on, as they come, whatever happens to NATS meanwhile. */
  follow(stream: string, options: FollowOptions): Following;
  close(): Promise<void>;
}

/** Messages that are asked for at a time; they are handed out as they arrive. */
const atOnce = 1024;
/** A server that has a message hands it out within this, ms. */
const patience = 5000;

/** Over a connection of its own, dialled when it is first needed: nats-server may stop reading one on which something is stored. */
export function createStreamReader(dial: () => Promise<NatsConnection>): StreamReader {
  let dialled: Promise<NatsConnection> | undefined;
  const followed = new Set<Following>();
  const connection = (): Promise<NatsConnection> => {
    dialled ??= dial().catch((thrown: unknown) => {
      dialled = undefined;
      throw thrown;
    });
    return dialled;
  };
  const manager = async (): Promise<JetStreamManager> => jetstreamManager(await connection(), { checkAPI: false });
  const consumer = async (stream: string, from: number): Promise<Consumer> =>
    (await manager()).jetstream().consumers.get(stream, { opt_start_seq: Math.max(from, 1) });

  const facts = async (stream: string): Promise<StreamFacts | undefined> => {
    try {
      const { state, created } = await (await manager()).streams.info(stream);
      return {
        made: created,
        messages: state.messages,
        bytes: state.bytes,
        first: state.first_seq,
        last: state.last_seq,
        firstStored: state.messages === 0 ? 0 : Date.parse(state.first_ts),
      };
    } catch (thrown) {
      if (thrown instanceof JetStreamApiError && thrown.code === JetStreamApiCodes.StreamNotFound) return undefined;
      throw thrown;
    }
  };

  return {
    facts,
    async last(stream, subject) {
      const found = await (await manager()).streams.getMessage(stream, { last_by_subj: subject });
      return found === null ? undefined : { sequence: found.seq, stored: found.time.getTime(), payload: found.data, pending: 0 };
    },
    async placeAt(stream, time) {
      const { last } = (await facts(stream)) ?? { last: 0 };
      const one = await (await manager()).jetstream().consumers.get(stream, {
        opt_start_time: new Date(time).toISOString(),
        deliver_policy: 'by_start_time',
      });
      try {
        if ((await one.info()).num_pending === 0) return last + 1;
        return (await one.next({ expires: patience }))?.seq ?? last + 1;
      } finally {
        await one.delete().catch(() => undefined);
      }
    },
    async read(stream, { from, to }, heard, signal) {
      if (from > to) return;
      const one = await consumer(stream, from);
      try {
        let next = from;
        while (next <= to && !signal.aborted) {
          const messages = await one.fetch({ max_messages: Math.min(atOnce, to - next + 1), expires: patience });
          const before = next;
          next = await drain(messages, next, to, heard, signal);
          if (next === before) throw new Error(`${stream} does not hand out what it holds`);
        }
      } finally {
        await one.delete().catch(() => undefined);
      }
    },
    follow(stream, options) {
      const following = followStream({ facts: () => facts(stream), consumer: (from) => consumer(stream, from), messageOf }, options);
      followed.add(following);
      return following;
    },
    async close() {
      const stopped = [...followed].map((one) => one.stop());
      const made = await dialled?.catch(() => undefined);
      // What still waits for an answer gets none.
      await made?.close();
      await Promise.all(stopped);
    },
  };
}

/** Hands out what was asked for; answers which place is next: behind `to` when there is no more. */
async function drain(
  messages: ConsumerMessages,
  from: number,
  to: number,
  heard: (message: StreamMessage) => void,
  signal: AbortSignal,
): Promise<number> {
  let next = from;
  for await (const message of messages) {
    if (signal.aborted) break;
    if (message.seq > to) return to + 1;
    heard(messageOf(message));
    next = message.info.pending === 0 ? to + 1 : message.seq + 1;
    if (next > to) break;
  }
  return next;
}

function messageOf(message: JsMsg): StreamMessage {
  const { streamSequence, timestampNanos, pending } = message.info;
  return { sequence: streamSequence, stored: Math.floor(timestampNanos / 1_000_000), payload: message.data, pending };
}
