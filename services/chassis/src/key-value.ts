import { JetStreamApiCodes, JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm, type KvOptions } from '@nats-io/kv';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { Fault } from './fault.js';
import { entryOf, followBucket } from './key-value-watch.js';
import type { Logger } from './log.js';

/** One value of a bucket as of a revision. Revisions count through the whole bucket and only grow. */
export interface KeyValueEntry {
  key: string;
  /** Empty when deleted. */
  value: Uint8Array;
  revision: number;
  deleted: boolean;
  /** When the server stored it. */
  created: Date;
}

/** A JetStream key-value bucket. Every call rejects with a KeyValueError. */
export interface KeyValue {
  /** The current entry, or undefined when there is none or it is deleted. */
  get(key: string): Promise<KeyValueEntry | undefined>;
  /** Stores and returns the new revision. With `previousRevision` only if that is the key's current one (0: none yet), else `conflict`. */
  put(key: string, value: Uint8Array, options?: { previousRevision?: number }): Promise<number>;
  /** Stores only if the key has no value, else `conflict`. Returns the new revision. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Marks it deleted; its history stays. With `previousRevision` as in `put`. */
  delete(key: string, options?: { previousRevision?: number }): Promise<void>;
  /** All that is there now, deleted ones left out, by key. */
  entries(): Promise<KeyValueEntry[]>;
  /** What is kept of a key, oldest first, deletions included. */
  history(key: string): Promise<KeyValueEntry[]>;
  /** Follows the bucket until the returned function is called. Resolves when `current` was called for the first time. */
  watch(watcher: Watcher): Promise<() => void>;
}

/**
 * Told of every change, synchronously and in order of revisions. After a reconnect it is told what it missed: changed
 * keys, and as deleted those that are not there any more (all of them, if the server came back without its storage).
 */
export interface Watcher {
  /** A value that is new to this watcher, or a deletion. */
  entry(entry: KeyValueEntry): void;
  /** Everything that was there when the watch began, or when the connection came back, has been told. */
  current(): void;
}

/** Why a bucket refused: somebody else changed the key first, there is no server to ask, or something else. */
export class KeyValueError extends Error {
  readonly code: 'conflict' | 'unavailable' | 'failed';

  constructor(code: KeyValueError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'KeyValueError';
    this.code = code;
  }
}

/** Opens a bucket, or creates it. Throws a Fault `bus-no-jetstream` or `bus-bucket`. */
export async function openKeyValue(
  connection: NatsConnection,
  options: { bucket: string; history: number; replicas?: number },
  needs: { log: Logger; connected: () => boolean; onReconnect: (listener: () => void) => () => void },
): Promise<KeyValue> {
  const { bucket, history, replicas = 1 } = options;
  if (connection.info?.jetstream !== true) {
    throw new Fault('bus-no-jetstream', 'NATS runs without JetStream, which keeps the membership', {
      cure: 'start nats-server with -js and a storage folder (-sd), or enable jetstream in its configuration',
      exitCode: 3,
    });
  }
  // Reads go to the leader (allow_direct off): a replica may lag behind, and compare-and-set builds on what was read.
  const open = () => openSettled(new Kvm(jetstream(connection)), bucket, { history, replicas, allow_direct: false });
  const store = await open().catch((thrown: unknown) => {
    throw new Fault(
      'bus-bucket',
      `NATS does not give us the bucket ${bucket}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      {
        cure: 'check the JetStream limits and the permissions of the NATS user',
        cause: thrown,
      },
    );
  });
  return keyValueOf(store, bucket, needs.connected, (watcher) => followBucket({ open, connection, watcher, bucket, ...needs }));
}

/** JetStream's error code for "subjects overlap with an existing stream". */
const subjectsOverlap = 10_065;
/** Instances that start together make a bucket within this of each other, ms. */
const settleMs = 150;
const tries = 10;

/**
 * Opens a bucket, making it if it is not there. COMPAT nats-server 2.9: of two that make the same stream at once, one may be told
 * that it overlaps with the other's, or be left with a stream that the other's has taken the place of. So whoever finds none makes one,
 * waits until everybody who did the same is through, and looks again.
 */
async function openSettled(buckets: Kvm, bucket: string, options: Partial<KvOptions>): Promise<KV> {
  const there = await buckets
    .open(bucket)
    .then((store) => store.status())
    .then(
      () => true,
      () => false,
    );
  for (let left = tries; ; left -= 1) {
    try {
      const made = await buckets.create(bucket, options);
      if (there) return made;
      await pause(settleMs);
      return await buckets.create(bucket, options);
    } catch (thrown) {
      if (left === 0 || !(thrown instanceof JetStreamApiError) || thrown.code !== subjectsOverlap) throw thrown;
      await pause(settleMs);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function keyValueOf(store: KV, bucket: string, connected: () => boolean, watch: KeyValue['watch']): KeyValue {
  const tried = <T>(what: string, call: () => Promise<T>): Promise<T> =>
    // The library throws some refusals before there is a promise, and waits its whole time-out while NATS is away.
    Promise.resolve()
      .then(() => {
        if (!connected()) throw new KeyValueError('unavailable', `${what} in bucket ${bucket}: there is no connection to NATS`);
        return call();
      })
      .catch((thrown: unknown) => {
        throw keyValueError(thrown, `${what} in bucket ${bucket}`);
      });
  const previous = (options?: { previousRevision?: number }) =>
    options?.previousRevision === undefined ? {} : { previousSeq: options.previousRevision };
  return {
    get: (key) =>
      tried(`get ${key}`, async () => {
        const entry = await store.get(key);
        return entry === null || entry.operation !== 'PUT' ? undefined : entryOf(entry);
      }),
    put: (key, value, options) => tried(`put ${key}`, () => store.put(key, value, previous(options))),
    create: (key, value) => tried(`create ${key}`, () => store.create(key, value)),
    delete: (key, options) => tried(`delete ${key}`, () => store.delete(key, previous(options))),
    history: (key) =>
      tried(`history of ${key}`, async () => {
        const entries: KeyValueEntry[] = [];
        for await (const entry of await store.history({ key })) entries.push(entryOf(entry));
        return entries;
      }),
    entries: () =>
      tried('entries', async () => {
        const found = new Map<string, KeyValueEntry>();
        const stop = await watch({
          entry: (entry) => (entry.deleted ? found.delete(entry.key) : found.set(entry.key, entry)),
          current: () => undefined,
        });
        stop();
        return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      }),
    watch: (watcher) => tried('watch', () => watch(watcher)),
  };
}

function keyValueError(thrown: unknown, what: string): KeyValueError {
  if (thrown instanceof KeyValueError) return thrown;
  if (thrown instanceof JetStreamApiError) {
    const conflict: readonly number[] = [JetStreamApiCodes.StreamWrongLastSequence, JetStreamApiCodes.StreamWrongLastSequenceUnknown];
    if (conflict.includes(thrown.code)) return new KeyValueError('conflict', `${what}: somebody else changed it first`, thrown);
  }
  const away =
    thrown instanceof errors.TimeoutError ||
    thrown instanceof errors.NoRespondersError ||
    thrown instanceof errors.RequestError ||
    thrown instanceof errors.ClosedConnectionError ||
    thrown instanceof errors.DrainingConnectionError;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new KeyValueError(away ? 'unavailable' : 'failed', `${what}: ${reason}`, thrown);
}
