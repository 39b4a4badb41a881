import { type Journal, JournalError, type JournalRecord } from './journal.js';

/** A journal in memory: what the memory bus offers unit tests. `records` is what it holds, for tests that tamper with it. */
export function memoryJournal(records: JournalRecord[] = []): Journal {
  return {
    last: async () => records.at(-1),
    async append(value, after) {
      if ((records.at(-1)?.place ?? 0) !== after) throw new JournalError('conflict', 'somebody else added first');
      records.push({ place: after + 1, value: Uint8Array.from(value) });
      return after + 1;
    },
    read: async (from, most) => records.filter(({ place }) => place >= from && place < from + most),
  };
}
