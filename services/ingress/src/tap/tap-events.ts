import type { Meters } from '@guildhall/chassis/meters';
import type { HepCounts } from './hep-export.js';
import type { KeptCounts } from './kept-heads.js';

/** What instruments read of a tap. */
export interface TapFigures {
  /** Undefined: nothing is sent to a capture server. */
  readonly hep: Readonly<HepCounts> | undefined;
  /** Undefined: no heads are ever kept. */
  readonly kept:
    | {
        readonly counts: Readonly<KeptCounts>;
        readonly stored: { readonly stored: number; readonly dropped: number };
        dialogs(): number;
      }
    | undefined;
}

/** Instruments of what is on; what is off has none. */
export function createTapInstruments({ counter, gauge }: Pick<Meters, 'counter' | 'gauge'>, { hep, kept }: TapFigures): void {
  if (hep !== undefined) {
    counter('guildhall_hep_packets', 'Copies of messages for the capture server by what became of them.', () => [
      [{ result: 'sent' }, hep.sent],
      [{ result: 'failed' }, hep.failed],
      [{ result: 'over-rate' }, hep.overRate],
      [{ result: 'queue-full' }, hep.queueFull],
      [{ result: 'no-server' }, hep.noServer],
    ]);
  }
  if (kept !== undefined) {
    counter(
      'guildhall_kept',
      'Heads of messages of marked dialogs and members by what became of them: those kept are stored or dropped later.',
      () => [
        [{ result: 'kept' }, kept.counts.kept],
        [{ result: 'over-rate' }, kept.counts.overRate],
        [{ result: 'stored' }, kept.stored.stored],
        [{ result: 'dropped' }, kept.stored.dropped],
      ],
    );
    gauge('guildhall_kept_dialogs', 'Dialogs that are marked.', () => [[{}, kept.dialogs()]]);
  }
}
