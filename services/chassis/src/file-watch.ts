import { statSync } from 'node:fs';

/** What tells that a file was changed or replaced; a missing file has a mark too. */
function markOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'missing';
  }
}

/**
 * Looks at files every so many ms and tells when they have changed and then stayed the same for one more look, so that a
 * file that is just being written is not read by half. `files` is asked at every look. Polling, because a watch is lost
 * with the file it was set on, and editors and configuration systems replace files. Returns how to stop.
 */
export function watchFiles(files: () => readonly string[], everyMs: number, changed: () => void): () => void {
  const marks = () => files().map(markOf).join('\n');
  let seen = marks();
  let pending: string | undefined;
  const timer = setInterval(() => {
    const now = marks();
    if (now === seen) pending = undefined;
    else if (now !== pending) pending = now;
    else {
      seen = now;
      pending = undefined;
      changed();
    }
  }, everyMs);
  return () => clearInterval(timer);
}
