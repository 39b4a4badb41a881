import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The checkout this test stands in. */
export const root = new URL('../..', import.meta.url).pathname.replace(/\/dist\/$/, '/');

const skipped = new Set(['node_modules', 'dist', '.git', '.turbo', 'gen']);

/** Every file below `folder` (relative to the root) that people write, by relative path. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const whole = join(path, entry.name);
      if (entry.isDirectory()) visit(whole);
      else found.push(relative(root, whole));
    }
  };
  visit(join(root, folder));
  return found.sort();
}

/** TypeScript and plain JavaScript sources of ours, tests included. */
export function sources(): string[] {
  return ['proto', 'services', 'test', 'deploy'].flatMap(filesBelow).filter((path) => /\.(ts|mts|mjs)$/.test(path));
}

export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The module names a source imports, static and dynamic. */
export function importsOf(path: string): string[] {
  const text = read(path);
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^'\n]+)'/g)].map((match) => match[1] ?? '');
}

/** Lines of production sources that match `pattern`, as "path:line". */
export function linesMatching(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}
