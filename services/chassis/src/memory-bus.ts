import type { Bus, Handler, Reply } from './bus.js';
import { BusError } from './bus-error.js';
import type { Journal } from './journal.js';
import { memoryJournal } from './memory-journal.js';
import { memoryKeyValue } from './memory-key-value.js';
import { matches } from './subject-match.js';

/** A bus inside the process, for unit tests: several services may share one. */
export interface MemoryBus extends Bus {
  /** Takes the bus down or up and tells the listeners; while down, publish is lost and request rejects. */
  setConnected(up: boolean): void;
  /** How often somebody wanted to be elsewhere. */
  moves(): number;
}

interface Subscription {
  subject: readonly string[];
  handler: Handler;
  queue: string | undefined;
}

/**
 * Wildcards `*` and `>` work as in NATS; of a queue group, the member that subscribed first gets everything. Delivery
 * is done when `publish` returns, but what is published by a handler is delivered after that handler has returned: as
 * with the real bus, no handler is called from inside another one's publish. A handler's exception reaches the publisher.
 */
export function memoryBus(maxPayload = 1024 * 1024): MemoryBus {
  let up = true;
  let delivering = false;
  const listeners = new Set<(up: boolean) => void>();
  const subscriptions = new Set<Subscription>();
  const waiting: { subject: string; payload: Uint8Array; reply: Reply | undefined; trace: string | undefined }[] = [];
  const buckets = new Map<string, ReturnType<typeof memoryKeyValue>>();
  const journals = new Map<string, Journal>();
  const failures = { handler: 0, oversize: 0, unheard: 0 };
  const unheardListeners = new Map<string, () => void>();
  let unheardCount = 0;
  let moves = 0;

  const matching = (subject: string): Subscription[] => {
    const tokens = subject.split('.');
    const groups = new Set<string>();
    return [...subscriptions].filter((one) => {
      if (!matches(one.subject, tokens)) return false;
      if (one.queue === undefined) return true;
      const group = `${one.subject.join('.')} ${one.queue}`;
      return groups.has(group) ? false : groups.add(group) !== undefined;
    });
  };

  const send = (subject: string, payload: Uint8Array, reply?: Reply, trace?: string): void => {
    waiting.push({ subject, payload: Uint8Array.from(payload), reply, trace });
    if (delivering) return;
    delivering = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        for (const { handler } of matching(next.subject)) {
          if (next.reply === undefined) handler(next.payload);
          else handler(next.payload, next.reply, next.trace);
        }
      }
    } finally {
      delivering = false;
    }
  };

  const subscribe: Bus['subscribe'] = (subject, handler, queue) => {
    const subscription = { subject: subject.split('.'), handler, queue };
    subscriptions.add(subscription);
    const stop = (): void => void subscriptions.delete(subscription);
    return Object.assign(stop, { inOrder: async () => stop() });
  };

  return {
    connected: () => up,
    onConnected(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setConnected(now) {
      if (up === now) return;
      up = now;
      for (const listener of [...listeners]) listener(up);
    },
    maxPayload,
    serverVersion: '2.9.0',
    failures,
    unheard(listener) {
      unheardCount += 1;
      const reply = `_INBOX.memory.${unheardCount}`;
      unheardListeners.set(reply, listener);
      return { reply, close: () => void unheardListeners.delete(reply) };
    },
    publish(subject, payload, unheard) {
      if (payload.length > maxPayload) failures.oversize += 1;
      else if (up && unheard !== undefined && matching(subject).length === 0) {
        failures.unheard += 1;
        queueMicrotask(() => unheardListeners.get(unheard.reply)?.());
      } else if (up) send(subject, payload);
    },
    subscribe,
    subscribeAlone: (subject, handler) => subscribe(subject, handler),
    request(subject, payload, timeoutMs, trace = '') {
      if (!up) return Promise.reject(new BusError('disconnected', 'the memory bus is down'));
      if (matching(subject).length === 0) return Promise.reject(new BusError('no-responders', `nobody answers on ${subject}`));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new BusError('timeout', `no answer on ${subject} in time`)), timeoutMs);
        const answered = (answer: Uint8Array): void => {
          clearTimeout(timer);
          resolve(Uint8Array.from(answer));
        };
        send(subject, payload, answered, trace === '' ? undefined : trace);
      });
    },
    async keyValue(bucket, { history }) {
      const existing = buckets.get(bucket) ?? memoryKeyValue(history);
      buckets.set(bucket, existing);
      return existing;
    },
    async journal(stream) {
      const existing = journals.get(stream) ?? memoryJournal();
      journals.set(stream, existing);
      return existing;
    },
    stream: async ({ maxBytes }) => maxBytes,
    publisher: ({ stored, dropped }) => ({
      publish(subject, payload, _id, count = 1) {
        if (up) send(subject, payload);
        (up ? stored : dropped)(count);
      },
      waiting: () => 0,
      finish: () => Promise.resolve(),
      close: () => undefined,
    }),
    storeTrouble: () => '',
    elsewhere() {
      moves += 1;
    },
    moves: () => moves,
    settled: () => Promise.resolve(),
    async close() {
      subscriptions.clear();
      listeners.clear();
    },
  };
}
