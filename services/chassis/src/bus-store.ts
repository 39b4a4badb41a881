import type { NatsConnection } from '@nats-io/transport-node';
import { type Journal, openJournal } from './journal.js';
import { type KeyValue, openKeyValue } from './key-value.js';
import type { Logger } from './log.js';
import { createOpenings } from './openings.js';

/** What a service keeps in JetStream, over a connection of its own. */
export interface BusStore {
  /** Opens a key-value bucket, creating it if need be. Throws a Fault when JetStream is off or will not have it. */
  keyValue(bucket: string, options: { readonly history: number; readonly replicas?: number }): Promise<KeyValue>;
  /** Opens a stream that is only added to, making it if need be. Throws a Fault when JetStream is off or will not have it. */
  journal(stream: string, subject: string): Promise<Journal>;
  /** Why JetStream keeps nothing at the moment, in words; '' while it does, and before it was asked anything. */
  trouble(): string;
  /** Sends what is still to be sent, then closes. */
  close(): Promise<void>;
}

/** How long what is still to be sent may take at the end, ms. */
const lastWords = 1000;

/**
 * JetStream gets a connection of its own, dialled when it is first needed: nats-server stops reading a connection while it cannot store
 * what came in on it (a full disk), and questions and answers must not wait behind that. `replicas`: on how many servers what is made is kept,
 * unless an opening says otherwise.
 */
export function createBusStore(dial: () => Promise<NatsConnection>, replicas: number, log: Logger): BusStore {
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
    trouble: () => trouble,
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
