import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { monotonic } from './clock.js';
import { createPublisherDesk, type PublisherOptions, type StreamPublisher } from './stream-publisher.js';

/** The connection to JetStream, and how to hear of its return. */
export interface StreamWay {
  /** Answers to what is published come below this. */
  readonly inbox: string;
  connection(): Promise<NatsConnection>;
  connected(): boolean;
  onReconnect(listener: () => void): () => void;
}

const noResponders = 503;
/** ms until a first connection that failed is tried again. */
const redial = 1_000;

/** Why JetStream did not store something; '' when it did. */
function refusal(message: Msg): string {
  if (message.headers?.code === noResponders) return 'there is no such stream, or JetStream of NATS is away';
  try {
    const told: unknown = message.json();
    if (typeof told !== 'object' || told === null) return 'NATS gives an answer that means nothing';
    if ('error' in told) return `JetStream of NATS refuses it: ${JSON.stringify(told.error).slice(0, 200)}`;
    return 'seq' in told ? '' : 'NATS gives an answer that means nothing';
  } catch {
    return 'NATS gives an answer that means nothing';
  }
}

/** A publisher over the connection to JetStream, which is dialled with the first publish. */
export function createLinePublisher(way: StreamWay, options: PublisherOptions): StreamPublisher {
  let live: NatsConnection | undefined;
  let prefix = '';
  let dialling = false;
  let closed = false;

  const desk = createPublisherDesk(
    options,
    {
      up: () => live !== undefined && way.connected() && !live.isClosed() && !live.isDraining(),
      send(subject, payload, id, ticket) {
        const marks = headers();
        marks.set('Nats-Msg-Id', id);
        live?.publish(subject, payload, { headers: marks, reply: `${prefix}.${ticket}` });
      },
    },
    monotonic,
  );

  const dial = async (): Promise<void> => {
    dialling = true;
    try {
      const connection = await way.connection();
      if (closed) return;
      prefix = createInbox(way.inbox);
      connection.subscribe(`${prefix}.*`, {
        callback: (error, message) => {
          if (error === null) desk.answered(Number(message.subject.slice(prefix.length + 1)), refusal(message));
        },
      });
      live = connection;
      desk.returned();
    } catch (thrown) {
      options.trouble?.(thrown instanceof Error ? thrown.message : String(thrown));
      if (!closed) setTimeout(() => void dial(), redial).unref();
    }
  };
  const stop = way.onReconnect(() => desk.returned());

  return {
    ...desk,
    publish(subject, payload, id, count) {
      if (!dialling) void dial();
      desk.publish(subject, payload, id, count);
    },
    close() {
      closed = true;
      stop();
      desk.close();
    },
  };
}
