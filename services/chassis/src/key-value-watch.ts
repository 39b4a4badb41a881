import type { KV, KvEntry, KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator } from '@nats-io/transport-node';
import { monotonic } from './clock.js';
import type { KeyValueEntry, Watcher } from './key-value.js';
import type { Logger } from './log.js';
import { oncePer } from './once-per.js';
import type { Openings } from './openings.js';

/** What a watch needs. `open` opens the bucket, or makes it again if the server came back without it. */
export interface WatchNeeds {
  open: () => Promise<KV>;
  connection: NatsConnection;
  onReconnect: (listener: () => void) => () => void;
  watcher: Watcher;
  bucket: string;
  log: Logger;
  openings: Openings;
}

const retryMs = 200;

/**
 * Follows a bucket in passes. A pass reads what is there and stays on; it ends when the connection was lost, and the
 * next one compares. This does not lean on the server's memory of a consumer, so it also survives a server that lost
 * its storage. Resolves after the first pass is current; rejects if that one fails.
 */
export function followBucket({ open, connection, onReconnect, watcher, bucket, log, openings }: WatchNeeds): Promise<() => void> {
  const known = new Map<string, number>();
  const logFailure = oncePer(5000, monotonic);
  let stopped = false;
  let iterator: QueuedIterator<KvWatchEntry> | undefined;
  let wake: (() => void) | undefined;

  const tell = (entry: KeyValueEntry): void => {
    if (known.get(entry.key) === entry.revision) return;
    // Deleted before this watcher ever saw it.
    if (entry.deleted && !known.has(entry.key)) return;
    if (entry.deleted) known.delete(entry.key);
    else known.set(entry.key, entry.revision);
    try {
      watcher.entry(entry);
    } catch (thrown) {
      log.error({ err: thrown, bucket, entry: entry.key }, 'an entry of a bucket could not be handled');
    }
  };

  const pass = async (becameCurrent: () => void): Promise<void> => {
    const store = await open();
    const { streamInfo } = await store.status();
    if (stopped) return;
    const seen = new Set<string>();
    let last = streamInfo.state.last_seq;
    let isCurrent = false;
    const current = (): void => {
      if (isCurrent) return;
      isCurrent = true;
      for (const [key, revision] of [...known]) {
        if (!seen.has(key)) tell({ key, value: new Uint8Array(), revision: revision + 1, deleted: true, created: new Date(0) });
      }
      watcher.current(last);
      becameCurrent();
    };
    // On a connection that closes meanwhile, the library would leave a timer behind that nobody can stop.
    iterator = await openings.open(() => store.watch());
    if (stopped) iterator.stop();
    if (streamInfo.state.messages === 0) current();
    for await (const entry of iterator) {
      if (stopped) break;
      seen.add(entry.key);
      last = Math.max(last, entry.revision);
      tell(entryOf(entry));
      if (entry.delta === 0 || entry.revision >= streamInfo.state.last_seq) current();
    }
  };

  const ignoreReconnects = onReconnect(() => {
    iterator?.stop();
    wake?.();
  });

  const stop = (): void => {
    stopped = true;
    ignoreReconnects();
    iterator?.stop();
    wake?.();
  };

  return new Promise((resolve, reject) => {
    let everCurrent = false;
    const becameCurrent = (): void => {
      everCurrent = true;
      resolve(stop);
    };
    const follow = async (): Promise<void> => {
      while (!stopped && !connection.isClosed()) {
        try {
          await pass(becameCurrent);
        } catch (thrown) {
          if (!everCurrent) {
            stop();
            reject(thrown);
            return;
          }
          const times = logFailure();
          if (times > 0 && !stopped && !connection.isClosed())
            log.warn(
              { bucket, error: thrown instanceof Error ? thrown.message : String(thrown), times },
              'a bucket cannot be followed, trying again',
            );
        }
        if (!stopped) await pause();
      }
      if (!everCurrent) reject(new Error('the connection to NATS was closed'));
    };
    const pause = (): Promise<void> =>
      new Promise((done) => {
        const timer = setTimeout(done, retryMs);
        timer.unref();
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    void follow();
  });
}

/** An entry of the library's as ours. */
export function entryOf(entry: KvEntry): KeyValueEntry {
  return { key: entry.key, value: entry.value, revision: entry.revision, deleted: entry.operation !== 'PUT', created: entry.created };
}
