import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the checkout, found upwards from this file, compiled or not. Throws when there is none. */
export function checkoutRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'turbo.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the stage lies outside of a checkout: no turbo.json above it');
    folder = parent;
  }
  return folder;
}
