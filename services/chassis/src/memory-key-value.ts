import { type KeyValue, type KeyValueEntry, KeyValueError, type Premise, type Watcher } from './key-value.js';

/** A key-value bucket in memory that keeps `history` revisions a key: what the memory bus offers unit tests. */
export function memoryKeyValue(history: number): KeyValue {
  const kept = new Map<string, KeyValueEntry[]>();
  const watchers = new Set<Watcher>();
  let last = 0;

  const latest = (key: string): KeyValueEntry | undefined => kept.get(key)?.at(-1);
  const store = (key: string, value: Uint8Array, deleted: boolean, { previousRevision, lastRevision }: Premise = {}): number => {
    const stale = previousRevision !== undefined && (latest(key)?.revision ?? 0) !== previousRevision;
    if (stale || (lastRevision !== undefined && lastRevision !== last)) {
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
    keeps: history,
    put: async (key, value, premise) => store(key, value, false, premise),
    async create(key, value) {
      const entry = latest(key);
      return store(key, value, false, { previousRevision: entry?.deleted === true ? entry.revision : 0 });
    },
    delete: async (key, premise, note) => store(key, note ?? new Uint8Array(), true, premise),
    entries: async () => present().sort((a, b) => (a.key < b.key ? -1 : 1)),
    async history(key) {
      const some = key === '>' ? '' : key.endsWith('.*') || key.endsWith('.>') ? key.slice(0, -1) : undefined;
      if (some === undefined) return [...(kept.get(key) ?? [])];
      return [...kept]
        .flatMap(([name, entries]) => (name.startsWith(some) ? entries : []))
        .sort((one, other) => one.revision - other.revision);
    },
    lastRevision: async () => last,
    async watch(watcher) {
      for (const entry of present().sort((a, b) => a.revision - b.revision)) watcher.entry(entry);
      watchers.add(watcher);
      watcher.current(last);
      return () => watchers.delete(watcher);
    },
  };
}
