import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { dialNats } from './bus-dial.js';
import { tooOld } from './bus-fault.js';
import { createQuestions, traceHeader } from './bus-questions.js';
import { type BusStorage, type BusStore, createBusStore } from './bus-store.js';
import { createUnheard, type MakeUnheard, type Unheard } from './bus-unheard.js';
import { monotonic } from './clock.js';
import type { Logger } from './log.js';
import { oncePer } from './once-per.js';
import type { SameProcess } from './same-process.js';
import { subjectMatcher } from './subject-match.js';

/** Answers a request, once. Nothing happens if the asker is gone. */
export type Reply = (answer: Uint8Array) => void;

/**
 * What is called for each message of a subscription, synchronously. The payload is a view that stays valid; `reply` is
 * there when the sender asked for an answer, and `trace` when it asked within a trace that is made (a `traceparent`). An exception is counted and
 * logged once a second, nothing else happens.
 */
export type Handler = (payload: Uint8Array, reply?: Reply, trace?: string) => void;

/** Ends a subscription: nothing is delivered any more, what is on its way is lost. */
export interface Stop {
  (): void;
  /** Ends it in order: resolves once everything that NATS had for it was handed to its handler. At once while NATS is away. */
  inOrder(): Promise<void>;
}

/** The services' way to each other. */
export interface Bus extends BusStorage {
  /** False from the moment the connection is known to be lost until it is back; what is published then is lost. */
  connected(): boolean;
  /** Called with every change of `connected`. Returns how to stop. */
  onConnected(listener: (up: boolean) => void): () => void;
  /** The largest payload in bytes the server takes. */
  readonly maxPayload: number;
  readonly serverVersion: string;
  /**
   * Sends and forgets, and never throws. The payload must stay as it is until the end of this turn of the event loop.
   * While NATS is down, and when longer than `maxPayload`, it is dropped (the latter counted and logged). With `unheard`, that
   * one's listener is called when the message had no subscriber.
   */
  publish(subject: string, payload: Uint8Array, unheard?: Unheard): void;
  /** Makes an `unheard` for `publish`. The listener must be quick: it is called once for every message nobody heard. */
  readonly unheard: MakeUnheard;
  /** Returns how to stop. Subscriptions survive a reconnect. */
  subscribe(subject: string, handler: Handler, queue?: string): Stop;
  /** As `subscribe`, on a subject that this instance alone hears: what a service of the same process says there need not go over NATS. */
  subscribeAlone(subject: string, handler: Handler): Stop;
  /**
   * Leaves this nats-server for the next of those that were configured, as if the connection had been lost: for who is heard by nobody, or hears
   * nobody. Nothing where there is one only.
   */
  elsewhere(): void;
  /** Resolves once the server has taken what was published and subscribed to so far; at once while NATS is away. */
  settled(): Promise<void>;
  /**
   * Rejects with a BusError: `no-responders`, `timeout`, `disconnected` (also as soon as the connection is lost) or `failed`. `trace`, a
   * `traceparent` or '', reaches the handler.
   */
  request(subject: string, payload: Uint8Array, timeoutMs: number, trace?: string): Promise<Uint8Array>;
  /** Counted since the start, for meters. */
  readonly failures: Readonly<BusFailures>;
  /** Sends what is still to be sent, then closes. */
  close(): Promise<void>;
}

/** What went wrong on a bus. */
export interface BusFailures {
  /** Messages whose handler threw. */
  handler: number;
  /** Payloads dropped because they were longer than `maxPayload`. */
  oversize: number;
  /** Messages that nobody heard although somebody should have. */
  unheard: number;
}

/** How to reach NATS. */
export interface BusConfig {
  /** One address or several with commas between. */
  url: string;
  user?: string | undefined;
  password?: string | undefined;
  /** On how many servers what is made in JetStream is kept, 1, 3 or 5. Default 1. */
  replicas?: number | undefined;
}

/** What every inbox begins with. */
const inboxes = '_INBOX.';

/**
 * Connects to NATS and stays connected: once it has been there it is redialled for ever. Throws a Fault when the first
 * connect fails (`bus-unreachable`, `bus-authorization`) or the server is older than 2.9 (`bus-too-old`). `inbox` is what answers come to
 * (`subjects.inbox`): its users at NATS let no service listen to another's. `beside` is what services that share a process share.
 */
export async function connectBus(config: BusConfig, name: string, log: Logger, inbox = '_INBOX', beside?: SameProcess): Promise<Bus> {
  const connection = await dialNats(config, name, inbox);
  const old = tooOld(connection.info?.version ?? '0', config.url);
  if (old !== undefined) {
    await connection.close();
    throw old;
  }
  const store = createBusStore(() => dialNats(config, `${name} store`, inbox), config.replicas ?? 1, log, inbox);
  return createBus({ connection, store, inbox, several: config.url.includes(','), beside }, log);
}

interface BusParts {
  readonly connection: NatsConnection;
  readonly store: BusStore;
  readonly inbox: string;
  /** More than one nats-server is configured. */
  readonly several: boolean;
  readonly beside: SameProcess | undefined;
}

function createBus({ connection, store, inbox, several, beside }: BusParts, log: Logger): Bus {
  const failures: BusFailures = { handler: 0, oversize: 0, unheard: 0 };
  const listeners = new Set<(up: boolean) => void>();
  const logHandler = oncePer(1000, monotonic);
  const logOversize = oncePer(1000, monotonic);
  const logError = oncePer(1000, monotonic);
  const questions = createQuestions(connection);
  let up = true;
  let closing = false;
  let maxPayload = connection.info?.max_payload ?? 1024 * 1024;
  let serverVersion = connection.info?.version ?? '';

  const setUp = (now: boolean): void => {
    if (up === now) return;
    up = now;
    if (up) {
      maxPayload = connection.info?.max_payload ?? maxPayload;
      serverVersion = connection.info?.version ?? serverVersion;
      log.info({ server: connection.getServer(), version: serverVersion }, 'bus is back');
    } else {
      if (!closing) log.warn('bus is lost, redialling');
      questions.lost();
    }
    for (const listener of [...listeners]) {
      try {
        listener(up);
      } catch (thrown) {
        handlerFailed(thrown, 'connection');
      }
    }
  };

  const handlerFailed = (thrown: unknown, subject: string): void => {
    failures.handler += 1;
    const times = logHandler();
    if (times > 0) log.error({ err: thrown, subject, times }, 'a message could not be handled');
  };

  const watchStatus = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection' || status.type === 'close') setUp(false);
      else if (status.type === 'reconnect') setUp(true);
      else if (status.type === 'error' || status.type === 'slowConsumer') {
        const times = logError();
        const error = status.type === 'error' ? status.error.message : `slow consumer, ${status.pending} messages behind`;
        if (times > 0) log.error({ error, times }, 'NATS reports an error');
      }
    }
  };
  watchStatus().catch((thrown: unknown) => log.error({ err: thrown }, 'bus status is not followed any more'));
  void connection.closed().then(() => setUp(false));

  /** `message` is there for what came from NATS. */
  const deliver = (handler: Handler, subject: string, payload: Uint8Array, message?: Msg): void => {
    try {
      const result: unknown = message?.reply
        ? handler(payload, (answer) => respond(message, answer), message.headers?.get(traceHeader))
        : handler(payload);
      if (result instanceof Promise) result.catch((thrown: unknown) => handlerFailed(thrown, subject));
    } catch (thrown) {
      handlerFailed(thrown, subject);
    }
  };

  const respond = (message: Msg, answer: Uint8Array): void => {
    // Who asks names the place for the answer: only an inbox, lest it be written into a bucket, or said to others in our name.
    if (message.reply?.startsWith(inboxes) !== true) return;
    if (!up || connection.isClosed() || oversize(answer, 'reply')) return;
    message.respond(answer);
  };

  const oversize = (payload: Uint8Array, subject: string): boolean => {
    if (payload.length <= maxPayload) return false;
    failures.oversize += 1;
    const times = logOversize();
    if (times > 0) log.error({ subject, bytes: payload.length, maxPayload, times }, 'a message is longer than NATS takes: dropped');
    return true;
  };

  const onConnected = (listener: (up: boolean) => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  const subscribe: Bus['subscribe'] = (subject, handler, queue) => {
    const saidHere = subjectMatcher(subject);
    const subscription = connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error === null) {
          // What JetStream hands out has the subject it was stored under, whatever place a reader named for it: said here it was not.
          if (saidHere(message.subject)) deliver(handler, subject, message.data, message);
          else handlerFailed(new Error('it was not said there, but handed out of a stream'), subject);
        } else log.error({ error: error.message, subject }, 'NATS ended a subscription: check the permissions of the user');
      },
    });
    const stop = (): void => {
      if (!connection.isClosed()) subscription.unsubscribe();
    };
    const inOrder = async (): Promise<void> => {
      if (up && !connection.isClosed() && !subscription.isClosed()) await subscription.drain().catch(() => undefined);
      else stop();
    };
    return Object.assign(stop, { inOrder });
  };

  return {
    connected: () => up,
    onConnected,
    get maxPayload() {
      return maxPayload;
    },
    get serverVersion() {
      return serverVersion;
    },
    failures,
    unheard: createUnheard(connection, inbox, failures, (thrown) => handlerFailed(thrown, 'unheard')),
    publish(subject, payload, unheard) {
      if (!up || oversize(payload, subject) || beside?.say(subject, payload) === true) return;
      try {
        connection.publish(subject, payload, unheard);
      } catch (thrown) {
        // A drain or a close under way, or an unfit subject.
        if (!closing) handlerFailed(thrown, subject);
      }
    },
    subscribe,
    subscribeAlone(subject, handler) {
      const stop = subscribe(subject, handler);
      const stopBeside = beside?.hear(subject, (payload) => deliver(handler, subject, payload));
      const both = (): void => {
        stopBeside?.();
        stop();
      };
      const inOrder = async (): Promise<void> => {
        // What was said in this process before is with the handler once NATS has handed over its part.
        await stop.inOrder();
        stopBeside?.();
      };
      return Object.assign(both, { inOrder });
    },
    elsewhere() {
      if (!several || !up || closing) return;
      log.warn({ server: connection.getServer() }, 'this process and the others do not hear each other: it goes to another nats-server');
      connection.reconnect().catch((thrown: unknown) => handlerFailed(thrown, 'connection'));
    },
    async settled() {
      if (up) await connection.flush().catch(() => undefined);
    },
    request: (subject, payload, timeoutMs, trace = '') => questions.ask(up, subject, payload, timeoutMs, trace),
    keyValue: store.keyValue,
    journal: store.journal,
    stream: store.stream,
    publisher: store.publisher,
    storeTrouble: store.storeTrouble,
    async close() {
      closing = true;
      await store.close();
      const drained = up ? connection.drain().catch(() => undefined) : Promise.resolve();
      await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
      await connection.close();
      setUp(false);
      listeners.clear();
    },
  };
}
