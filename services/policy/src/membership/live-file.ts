import { dirname, resolve } from 'node:path';
import { faultFrom } from '@guildhall/chassis/fault';
import { watchFiles } from '@guildhall/chassis/file-watch';
import type { FileContent } from './bring-in.js';
import { entriesByKey } from './bucket-entry.js';
import { fileDigest, loadCommunity } from './community-file.js';
import type { BroughtIn } from './file-source.js';

/** A community file that may be changed while the hub runs. */
export interface LiveFile {
  readonly path: string;
  /** Whether it, and the PEM files it named then, are as they were when it was brought in. Reads them, parses nothing. */
  isAs(before: Pick<BroughtIn, 'digest' | 'files'>): boolean;
  /** Reads it and tells its warnings. Throws a Fault as `loadCommunity` does. */
  load(): FileContent;
  /** Reads it again when it or a PEM file it names has changed; what cannot be used is told and changes nothing. Returns how to stop. */
  watch(everyMs: number, changed: (content: FileContent) => void): () => void;
}

/** What is told about the file. */
export interface FileListener {
  fileWarning(warning: string): void;
  fileRefused(why: string): void;
}

/** A community file at a path; it is not read yet. */
export function openCommunityFile(path: string, listener: FileListener): LiveFile {
  let named: readonly string[] = [];

  const load = (): FileContent => {
    const { entries, files, digest, warnings } = loadCommunity(path);
    named = files;
    for (const warning of warnings) listener.fileWarning(warning);
    return { path, digest, files, entries: entriesByKey(entries) };
  };

  return {
    path,
    isAs({ digest, files }) {
      if (fileDigest(path, files) !== digest) return false;
      named = files;
      return true;
    },
    load,
    watch: (everyMs, changed) =>
      watchFiles(
        () => [path, ...named.map((name) => resolve(dirname(path), name))],
        everyMs,
        () => {
          let content: FileContent;
          try {
            content = load();
          } catch (thrown) {
            listener.fileRefused(faultFrom(thrown).message);
            return;
          }
          changed(content);
        },
      ),
  };
}
