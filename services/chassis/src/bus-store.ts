import type { NatsConnection } from '@nats-io/transport-node';
import { troubleText } from './jetstream-trouble.js';
import { type Journal, openJournal } from './journal.js';
import { type KeyValue, openKeyValue } from './key-value.js';
import type { Logger } from './log.js';
import { createOpenings } from './openings.js';
import { openStream, type StreamOptions } from './stream.js';
import { createLinePublisher } from './stream-line.js';
import type { PublisherOptions, StreamPublisher } from './stream-publisher.js';

/** How a bucket is created; one that exists is taken as it is. */
export interface KeyValueOptions {
  /** How many revisions of a key are kept, 1 to 64. */
  history: number;
  /** On how many servers, 1, 3 or 5. Default: what the configuration of the bus says. */
  replicas?: number;
}

/** What a bus offers of JetStream. */
export interface BusStorage {
  /** Opens a JetStream key-value bucket, creating it if need be. Throws a Fault when JetStream is off or will not have it. */
  keyValue(bucket: string, options: KeyValueOptions): Promise<KeyValue>;
  /** Opens a JetStream stream that is only added to, making it if need be. Throws a Fault when JetStream is off or will not have it. */
  journal(stream: string, subject: string): Promise<Journal>;
  /** Makes a JetStream stream that forgets what is old, or gives one that is there these limits, see `openStream`. */
  stream(options: StreamOptions): Promise<number>;
  /** A way into streams that others made. Nothing is dialled before something is published. */
  publisher(options: PublisherOptions): StreamPublisher;
  /** Why JetStream keeps nothing at the moment, in words; '' while it does, and before it was asked anything. Everything else goes on without it. */
  storeTrouble(): string;
}

/** What a service keeps in JetStream, over a connection of its own. */
export interface BusStore extends BusStorage {
  /** Sends what is still to be sent, then closes. */
  close(): Promise<void>;
}

/** How long what is still to be sent may take at the end, ms. */
const lastWords = 1000;

/**
 * JetStream gets a connection of its own, dialled when it is first needed: nats-server stops reading a connection while it cannot store
 * what came in on it (a full disk), and questions and answers must not wait behind that. `replicas`: on how many servers what is made is kept,
 * unless an opening says otherwise. `inbox` is what answers come to.
 */
export function createBusStore(dial: () => Promise<NatsConnection>, replicas: number, log: Logger, inbox: string): BusStore {
  const openings = createOpenings();
  const listeners = new Set<() => void>();
  let dialled: Promise<NatsConnection> | undefined;
  let up = false;
  let trouble = '';

  const note = (why: string): void => {
    if (why !== '' && trouble === '') log.warn({ why }, 'JetStream keeps nothing at the moment');
    else if (why === '' && trouble !== '') log.info('JetStream keeps what it is given again');
    trouble = why;
  };
  const follow = async (connection: NatsConnection): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection' || status.type === 'close') up = false;
      else if (status.type === 'reconnect') {
        up = true;
        for (const listener of [...listeners]) listener();
      }
    }
  };
  const connection = (): Promise<NatsConnection> => {
    dialled ??= dial().then((made) => {
      up = true;
      follow(made).catch((thrown: unknown) =>
        log.error({ err: thrown }, 'the status of the connection to JetStream is not followed any more'),
      );
      void made.closed().then(() => {
        up = false;
      });
      return made;
    });
    // Whoever asks next dials anew.
    dialled.catch(() => {
      dialled = undefined;
    });
    return dialled;
  };
  const onReconnect = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const needs = { log, connected: () => up, note, onReconnect, openings };

  return {
    async keyValue(bucket, options) {
      return openKeyValue(await connection(), { bucket, replicas, ...options }, needs);
    },
    async journal(stream, subject) {
      return openJournal(await connection(), { stream, subject, replicas }, needs);
    },
    async stream(options) {
      const bytes = await openStream(await connection(), { replicas, ...options });
      // It answers, so that it did not is over; whether there is room again only a change shows.
      if (trouble === troubleText('unavailable')) note('');
      return bytes;
    },
    publisher: (options) => createLinePublisher({ inbox, connection, connected: () => up, onReconnect }, options),
    storeTrouble: () => trouble,
    async close() {
      if (dialled === undefined) return;
      const made = await dialled.catch(() => undefined);
      if (made === undefined) return;
      const opened = openings.finish();
      const drained = up ? opened.then(() => made.drain()).catch(() => undefined) : Promise.resolve();
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, lastWords).unref())]);
      await made.close();
      listeners.clear();
    },
  };
}
