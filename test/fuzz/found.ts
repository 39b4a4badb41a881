import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An input that is kept. */
export interface Kept {
  readonly target: string;
  readonly file: string;
  readonly input: Buffer;
}

/** Inputs that broke a promise once: one file each, `<target>-<hash>.bin`, exact bytes. */
export const foundFolder: string = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../fuzz/found/' : './found/', import.meta.url),
);

/** Every input in a folder of that kind, in the order of names; none where there is no folder. */
export function readKept(folder: string): Kept[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.bin'))
    .sort()
    .map((file) => ({ target: file.slice(0, file.lastIndexOf('-')), file, input: readFileSync(join(folder, file)) }));
}

/** Keeps an input; the same one has the same name. Returns the file's path. */
export function keep(folder: string, target: string, input: Buffer): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(path, input);
  return path;
}
