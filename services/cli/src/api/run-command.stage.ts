import { runCommandLine } from '../command-line.js';
import type { World } from '../world.js';

/** What one run of the command line did. */
export interface Ran {
  readonly code: number;
  /** What stood on stdout. */
  readonly out: string;
  /** What stood on stderr. */
  readonly talk: string;
}

/** Runs one command line in a folder, with nothing else in its environment but `env`. Signals reach it by `signal`; `talked` is told of each line on stderr. */
export async function runIn(
  folder: string,
  args: readonly string[],
  env: World['env'] = {},
  signal?: AbortSignal,
  screen?: World['screen'],
  talked: (line: string) => void = () => undefined,
): Promise<Ran> {
  const out: string[] = [];
  const talk: string[] = [];
  const tell = (line: string): void => {
    talk.push(line);
    talked(line);
  };
  const world: World = {
    terminal: { out: (line) => out.push(line), talk: tell, colorOut: false, colorTalk: false },
    ...(screen === undefined ? {} : { screen }),
    env: { HOME: folder, ...env },
    cwd: folder,
    now: () => new Date('2027-01-01T00:00:00Z'),
    onSignal(listener) {
      const hear = () => listener('SIGINT');
      if (signal?.aborted) hear();
      signal?.addEventListener('abort', hear, { once: true });
      return () => signal?.removeEventListener('abort', hear);
    },
  };
  return { code: await runCommandLine(args, world), out: out.join('\n'), talk: talk.join('\n') };
}
