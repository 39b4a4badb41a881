import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../stage/checkout.js';
import { type Recorded, readRecorded } from './history.js';

/** Where the history of this checkout lies. */
export const historyFolder = (): string => join(checkoutRoot(), 'test/bench/history');

/** More than that is no history of ours. */
const mostFiles = 1_000;
const mostBytes = 1024 * 1024;

/** All that was recorded in a folder; none where there is no folder. Throws an Error that names the file that cannot be read. */
export function readHistory(folder: string): readonly Recorded[] {
  const names = namesIn(folder);
  if (names.length > mostFiles) throw new Error(`${folder} holds ${names.length} files, at most ${mostFiles} are read`);
  return names.map((name) => {
    const path = join(folder, name);
    const { size } = statSync(path);
    if (size > mostBytes) throw new Error(`${path} has ${size} bytes, at most ${mostBytes} are read`);
    return readRecorded(readFileSync(path, 'utf8'), path);
  });
}

/** Writes one file for a version and a day, in place of an earlier one of the same; returns its path. */
export function writeRecorded(folder: string, recorded: Recorded): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${recorded.version}-${recorded.at.slice(0, 10)}.json`);
  writeFileSync(path, `${JSON.stringify(recorded, undefined, 2)}\n`);
  return path;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
