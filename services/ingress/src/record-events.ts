import type { Logger } from '@guildhall/chassis/log';
import type { Meters } from '@guildhall/chassis/meters';
import type { RecordCounts } from './record-keeping.js';

/** What happens to records, once each: what is rare goes to the log. */
export interface RecordEvents {
  /** Why JetStream stores none, '' when it does. */
  trouble(why: string): void;
  dropped(count: number): void;
  /** Users are hashed from now on. */
  keyLearned(): void;
  keyFailed(error: unknown): void;
}

/** `mayLog` is asked before each dropping is logged: it returns how many stayed silent plus one, 0 for silence. */
export function createRecordEvents(log: Pick<Logger, 'info' | 'warn'>, mayLog: () => number): RecordEvents {
  let why = '';
  let unlogged = 0;
  let keyFails = false;
  return {
    trouble(now) {
      if (now !== '' && why === '')
        log.warn({ why: now }, 'records cannot be stored: they wait, and the oldest are dropped when there are too many');
      else if (now === '' && why !== '') log.info('records are stored again');
      why = now;
    },
    dropped(count) {
      unlogged += count;
      if (mayLog() === 0) return;
      log.warn({ count: unlogged, why }, 'records dropped');
      unlogged = 0;
    },
    keyLearned() {
      keyFails = false;
      log.info('users in records are hashed');
    },
    keyFailed(error) {
      if (!keyFails) {
        log.warn(
          { why: error instanceof Error ? error.message : String(error) },
          'the key for users in records cannot be had from policy: only their domains are kept',
        );
      }
      keyFails = true;
    },
  };
}

/** Figures of records. `waiting`: gathered or on their way. */
export function createRecordInstruments({ counter, gauge }: Meters, counts: Readonly<RecordCounts>, waiting: () => number): void {
  counter('guildhall_records', 'Routing records by what became of them.', () => [
    [{ result: 'made' }, counts.made],
    [{ result: 'stored' }, counts.stored],
    [{ result: 'dropped' }, counts.dropped],
  ]);
  gauge('guildhall_records_waiting', 'Routing records that are not stored yet.', () => [[{}, waiting()]]);
}
