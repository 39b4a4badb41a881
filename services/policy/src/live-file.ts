import { faultFrom } from '@guildhall/chassis/fault';
import { entriesByKey } from './bucket-entry.js';
import { type LoadedCommunity, loadCommunity } from './community-file.js';
import type { Events } from './events.js';
import { watchFiles } from './file-watch.js';
import type { Wanted } from './keep-membership.js';

/** A community file that may be changed while the hub runs. */
export interface LiveFile {
  /** What it says, as it was read last. */
  wanted(): Wanted;
  /** Says its warnings, now and after every change. */
  tell(events: Pick<Events, 'fileWarning' | 'fileRefused'>): void;
  /** Reads it again when it or a certificate it names has changed; what cannot be used is told and changes nothing. Returns how to stop. */
  watch(everyMs: number, changed: (wanted: Wanted) => void): () => void;
}

/** Reads a community file. Throws a Fault as `loadCommunity` does. */
export function openCommunityFile(path: string): LiveFile {
  let loaded: LoadedCommunity = loadCommunity(path);
  let listener: Pick<Events, 'fileWarning' | 'fileRefused'> | undefined;
  const warn = () => {
    for (const warning of loaded.warnings) listener?.fileWarning(warning);
  };
  const wanted = (): Wanted => ({ file: path, entries: entriesByKey(loaded.entries) });
  return {
    wanted,
    tell(events) {
      listener = events;
      warn();
    },
    watch: (everyMs, changed) =>
      watchFiles(
        () => loaded.files,
        everyMs,
        () => {
          try {
            loaded = loadCommunity(path);
          } catch (thrown) {
            listener?.fileRefused(faultFrom(thrown).message);
            return;
          }
          warn();
          changed(wanted());
        },
      ),
  };
}
