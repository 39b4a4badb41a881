import { jetstream } from '@nats-io/jetstream';
import { type KV, Kvm, type KvOptions } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { Fault } from './fault.js';
import { isLed, type JetStreamTrouble, jetStreamTrouble, makeSettled, troubleText, untilThere } from './jetstream-trouble.js';
import { deepened } from './key-value-depth.js';
import { entryOf, followBucket } from './key-value-watch.js';
import { type BucketWriter, bucketWriter } from './key-value-write.js';
import type { Logger } from './log.js';
import type { Openings } from './openings.js';

/** One value of a bucket as of a revision. Revisions count through the whole bucket and only grow. */
export interface KeyValueEntry {
  key: string;
  /** When deleted: the note that was left with the deletion, mostly empty. */
  value: Uint8Array;
  revision: number;
  deleted: boolean;
  /** When the server stored it. */
  created: Date;
}

/** On what a write builds. Where it does not hold, the write is refused with `conflict`. */
export interface Premise {
  /** This is the key's current revision; 0: it has none. */
  previousRevision?: number;
  /** This is the newest revision of the whole bucket: nobody has changed anything since. */
  lastRevision?: number;
}

/** A JetStream key-value bucket. Every call rejects with a KeyValueError. */
export interface KeyValue {
  /** The current entry, or undefined when there is none or it is deleted. */
  get(key: string): Promise<KeyValueEntry | undefined>;
  /** Stores and returns the new revision. */
  put(key: string, value: Uint8Array, premise?: Premise): Promise<number>;
  /** Stores only if the key has no value, else `conflict`. Returns the new revision. */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Marks it deleted and returns the revision of the mark; its history stays. `note` stays with the mark: who did it and why, for instance. */
  delete(key: string, premise?: Premise, note?: Uint8Array): Promise<number>;
  /** All that is there now, deleted ones left out, by key. */
  entries(): Promise<KeyValueEntry[]>;
  /** What is kept of a key, oldest first, deletions included. `member.*` and `>` stand for several keys, by revision over all of them. */
  history(key: string): Promise<KeyValueEntry[]>;
  /** The newest revision of the whole bucket, deletions included; 0: nothing was ever stored. */
  lastRevision(): Promise<number>;
  /** How many revisions of a key are kept. */
  readonly keeps: number;
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
  /**
   * Everything that was there when the watch began, or when the connection came back, has been told. `lastRevision` is the newest
   * of the bucket, which may be that of a deletion that was not told.
   */
  current(lastRevision: number): void;
}

/** Why a bucket refused: somebody else changed the key first, there is no server to ask, it has no room left, or something else. */
export class KeyValueError extends Error {
  readonly code: JetStreamTrouble;

  constructor(code: KeyValueError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'KeyValueError';
    this.code = code;
  }
}

/** What buckets and journals need of the connection they are on. */
export interface StoreNeeds {
  readonly log: Logger;
  readonly connected: () => boolean;
  /** Told after every call why JetStream keeps nothing, '' when it does. */
  readonly note: (trouble: string) => void;
  readonly onReconnect: (listener: () => void) => () => void;
  readonly openings: Openings;
}

/** Opens a bucket, or creates it. Throws a Fault `bus-no-jetstream` or `bus-bucket`. */
export async function openKeyValue(
  connection: NatsConnection,
  options: { bucket: string; history: number; replicas?: number },
  needs: StoreNeeds,
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
  const keeps = await deepened(connection, store, history);
  const { num_replicas: kept } = (await store.status()).streamInfo.config;
  if (kept !== replicas)
    needs.log.warn({ bucket, kept, wanted: replicas }, 'the bucket is there already, and stays on as many servers as it is');
  const writer = bucketWriter(connection, bucket);
  return keyValueOf({ store, bucket, keeps, writer, connected: needs.connected, note: needs.note, openings: needs.openings }, (watcher) =>
    followBucket({ open, connection, watcher, bucket, ...needs }),
  );
}

/** Opens a bucket, making it if it is not there. */
function openSettled(buckets: Kvm, bucket: string, options: Partial<KvOptions>): Promise<KV> {
  return makeSettled(
    () => buckets.open(bucket).then((store) => store.status()),
    () => buckets.create(bucket, options),
    async (store) => isLed((await store.status()).streamInfo),
  );
}

interface Opened {
  readonly store: KV;
  readonly bucket: string;
  readonly keeps: number;
  readonly writer: BucketWriter;
  readonly connected: () => boolean;
  readonly note: (trouble: string) => void;
  readonly openings: Openings;
}

function keyValueOf({ store, bucket, keeps, writer, connected, note, openings }: Opened, watch: KeyValue['watch']): KeyValue {
  const patiently = untilThere();
  const tried = <T>(what: string, call: () => Promise<T>): Promise<T> =>
    // The library throws some refusals before there is a promise, and waits its whole time-out while NATS is away.
    Promise.resolve()
      .then(() => {
        if (!connected()) throw new KeyValueError('unavailable', `${what} in bucket ${bucket}: there is no connection to NATS`);
        return patiently(call);
      })
      .then(
        (result) => {
          note('');
          return result;
        },
        (thrown: unknown) => {
          const error = keyValueError(thrown, `${what} in bucket ${bucket}`);
          note(troubleText(error.code));
          throw error;
        },
      );
  return {
    get: (key) =>
      tried(`get ${key}`, async () => {
        const entry = await store.get(key);
        return entry === null || entry.operation !== 'PUT' ? undefined : entryOf(entry);
      }),
    keeps,
    put: (key, value, premise) => tried(`put ${key}`, () => writer.put(key, value, premise)),
    create: (key, value) => tried(`create ${key}`, () => store.create(key, value)),
    delete: (key, premise, note) => tried(`delete ${key}`, () => writer.markDeleted(key, note ?? new Uint8Array(), premise)),
    lastRevision: () => tried('last revision', async () => (await store.status()).streamInfo.state.last_seq),
    history: (key) =>
      tried(`history of ${key}`, async () => {
        const entries: KeyValueEntry[] = [];
        for await (const entry of await openings.open(() => store.history({ key }))) entries.push(entryOf(entry));
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
  const trouble = jetStreamTrouble(thrown);
  if (trouble === 'conflict') return new KeyValueError('conflict', `${what}: somebody else changed it first`, thrown);
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new KeyValueError(trouble, `${what}: ${reason}`, thrown);
}
