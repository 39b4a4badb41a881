import { parseArgs } from 'node:util';

/** What is soaked, and how. */
export interface Options {
  readonly what: 'reloads';
  /** Reloads. */
  readonly count: number;
  /** Messages under way at any time. */
  readonly lanes: number;
  /** MiB of resident memory that the second half may add. */
  readonly growth: number;
  readonly json: boolean;
}

/** What the arguments ask for. */
export type Request =
  | { readonly kind: 'soak'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

export const help = `npm run soak -- reloads [options]

Replaces the hub's certificate again and again while two members exchange messages through it and others connect: every reload must be
seen by new handshakes, no transaction may fail, no line may break, and memory must stay flat. In between pins and revocation lists change,
and a broken certificate is put there, which must be refused.

  --count N    reloads                                             (default 1000)
  --lanes N    messages under way at any time                      (default 8)
  --growth N   MiB of memory that the second half of it may add    (default 32)
  --json       one JSON object on stdout instead of a table
  --help       this

Examples
  npm run soak -- reloads
  npm run soak -- reloads --count 200 --json

Progress goes to stderr, figures to stdout. Exit: 0 all went well, 1 something failed or grew, 2 wrong usage.
`;

/** Reads the command line (without node and script). */
export function readOptions(args: readonly string[]): Request {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        count: { type: 'string', default: '1000' },
        lanes: { type: 'string', default: '8' },
        growth: { type: 'string', default: '32' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const [what, ...more] = positionals;
    if (what !== 'reloads' || more.length > 0) throw new Error(`say what to soak: reloads`);
    return {
      kind: 'soak',
      options: {
        what,
        count: whole('--count', values.count, 2, 1_000_000),
        lanes: whole('--lanes', values.lanes, 1, 1_000),
        growth: whole('--growth', values.growth, 1, 10_000),
        json: values.json,
      },
    };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

function whole(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`${option}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}
