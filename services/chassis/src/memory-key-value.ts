import { type KeyValue, type KeyValueEntry, KeyValueError, type Watcher } from './key-value.js';

/** A key-value bucket in memory that keeps `history` revisions a key: what the memory bus offers unit tests. */
export function memoryKeyValue(history: number): KeyValue {
  const kept = new Map<string, KeyValueEntry[]>();
  const watchers = new Set<Watcher>();
  let last = 0;

  const latest = (key: string): KeyValueEntry | undefined => kept.get(key)?.at(-1);
  const store = (key: string, value: Uint8Array, deleted: boolean, previousRevision: number | undefined): number => {
    if (previousRevision !== undefined && (latest(key)?.revision ?? 0) !== previousRevision) {
      throw new KeyValueError('conflict', `${key}: somebody else changed it first`);
    }
    last += 1;
    const entry = { key, value: Uint8Array.from(value), revision: last, deleted, created: new Date() };
    kept.set(key, [...(kept.get(key) ?? []), entry].slice(-history));
    for (const watcher of [...watchers]) watcher.entry(entry);
    return last;
  };
  const present = (): KeyValueEntry[] => [...kept.values()].flatMap((entries) => entries.slice(-1)).filter((entry) => !entry.deleted);

  return {
    async get(key) {
      const entry = latest(key);
      return entry?.deleted === true ? undefined : entry;
    },
    put: async (key, value, options) => store(key, value, false, options?.previousRevision),
    async create(key, value) {
      const entry = latest(key);
      return store(key, value, false, entry?.deleted === true ? entry.revision : 0);
    },
    async delete(key, options) {
      store(key, new Uint8Array(), true, options?.previousRevision);
    },
    entries: async () => present().sort((a, b) => (a.key < b.key ? -1 : 1)),
    history: async (key) => [...(kept.get(key) ?? [])],
    async watch(watcher) {
      for (const entry of present().sort((a, b) => a.revision - b.revision)) watcher.entry(entry);
      watchers.add(watcher);
      watcher.current();
      return () => watchers.delete(watcher);
    },
  };
}
