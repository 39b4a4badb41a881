import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that lives as long as a test. */
export interface Folder {
  readonly path: string;
  /** Path of a file in it. */
  file(name: string): string;
  /** Removes it with everything in it. */
  close(): void;
}

/** A new empty folder, readable by its owner only. `name` is only there to recognise it. */
export function openFolder(name: string): Folder {
  const path = mkdtempSync(join(tmpdir(), `guildhall-${name}-`));
  return {
    path,
    file: (child) => join(path, child),
    close: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
