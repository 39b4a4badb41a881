import { runCommandLine } from '@guildhall/cli/command-line';
import type { World } from '@guildhall/cli/world';

/** What one run of the command line did. */
export interface CommandRun {
  readonly code: number;
  /** What stood on stdout. */
  readonly out: string;
  /** What stood on stderr. */
  readonly talk: string;
}

/** Runs `guildhall ARGS` in a folder, which is its home too. */
export async function runGuildhall(folder: string, ...args: string[]): Promise<CommandRun> {
  const out: string[] = [];
  const talk: string[] = [];
  const world: World = {
    terminal: { out: (line) => out.push(line), talk: (line) => talk.push(line), colorOut: false, colorTalk: false },
    env: { HOME: folder },
    cwd: folder,
    now: () => new Date(),
    onSignal: () => () => {},
  };
  return { code: await runCommandLine(args, world), out: out.join('\n'), talk: talk.join('\n') };
}
