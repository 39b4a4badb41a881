import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { World } from './world.js';

/** The version of this package. */
export function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return /"version": *"([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

/** Adds `version` to the command line. */
export function addVersion(program: Command, world: World, ends: (code: number) => void): void {
  program
    .command('version')
    .summary('print the versions of Guildhall and Node')
    .description('Prints the version of Guildhall and of the Node it runs on.')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nExamples:\n  guildhall version\n  guildhall version --json')
    .action((options: { json?: true }) => {
      const found = { guildhall: version(), node: process.versions.node };
      world.terminal.out(options.json ? JSON.stringify(found) : `guildhall ${found.guildhall} (node ${found.node})`);
      ends(0);
    });
}
