import { parseArgs } from 'node:util';

/** The hub's certificate is replaced again and again. */
export interface ReloadsOptions {
  readonly what: 'reloads';
  /** Reloads. */
  readonly count: number;
  /** Messages under way at any time. */
  readonly lanes: number;
  /** MiB of resident memory that the second half may add. */
  readonly growth: number;
  readonly json: boolean;
}

/** Connections on which nothing happens, and members of whom nothing is heard. */
export interface IdleOptions {
  readonly what: 'idle';
  readonly connections: number;
  readonly members: number;
  readonly json: boolean;
}

/** The same load for a long time. */
export interface SteadyOptions {
  readonly what: 'steady';
  readonly seconds: number;
  /** Transactions a second. */
  readonly rate: number;
  /** Percent of resident memory that any process may add after the first minute; infinite where the run is too short to tell. */
  readonly growth: number;
  readonly json: boolean;
}

/** What is soaked, and how. */
export type Options = ReloadsOptions | IdleOptions | SteadyOptions;

/** What the arguments ask for. */
export type Request =
  | { readonly kind: 'soak'; readonly options: Options }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

export const help = `npm run soak -- reloads|idle|steady [options]

reloads   Replaces the hub's certificate again and again while two members exchange messages through it and others connect: every reload
          must be seen by new handshakes, no transaction may fail, no line may break, and memory must stay flat. In between pins and
          revocation lists change, and a broken certificate is put there, which must be refused.
  --count N         reloads                                             (default 1000)
  --lanes N         messages under way at any time                      (default 8)
  --growth N        MiB of memory that the second half of it may add    (default 32)

idle      Tells what an idle connection and a member cost each process of the hub; takes about two minutes. With fewer than some hundred
          connections what one costs drowns in what Node takes and gives back by itself.
  --connections N   connections that are opened and say nothing         (default 1000)
  --members N       members of the community                            (default 10000)

steady    Puts the same load on a hub of several processes for a long time: nothing may be lost or refused, and no process may grow.
  --for TIME        how long, in s, m or h                              (default 10m)
  --rate N          transactions a second                               (default 5000)
  --growth N        percent of memory that a process may add after the
                    first minute (or third, where it is shorter)        (default 10; below 2m: not judged)

  --json            one JSON object on stdout instead of a table
  --help            this

Examples
  npm run soak -- reloads --count 200 --json
  npm run soak -- idle --connections 2000
  npm run soak -- steady --for 90s --rate 2000

Progress goes to stderr, figures to stdout. Exit: 0 all went well, 1 something failed or grew, 2 wrong usage.
`;

/** Options that each soak knows, besides --json. */
const known: Readonly<Record<Options['what'], readonly string[]>> = {
  reloads: ['count', 'lanes', 'growth'],
  idle: ['connections', 'members'],
  steady: ['for', 'rate', 'growth'],
};

/** Reads the command line (without node and script). */
export function readOptions(args: readonly string[]): Request {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        count: { type: 'string' },
        lanes: { type: 'string' },
        growth: { type: 'string' },
        connections: { type: 'string' },
        members: { type: 'string' },
        for: { type: 'string' },
        rate: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { kind: 'help' };
    const [what, ...more] = positionals;
    if ((what !== 'reloads' && what !== 'idle' && what !== 'steady') || more.length > 0)
      throw new Error(`say what to soak: ${Object.keys(known).join(', ')}`);
    for (const name of Object.keys(values))
      if (name !== 'json' && !known[what].includes(name)) throw new Error(`--${name} is no option of ${what}`);
    return { kind: 'soak', options: { ...optionsOf(what, values), json: values.json === true } };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

type Values = Readonly<Partial<Record<'count' | 'lanes' | 'growth' | 'connections' | 'members' | 'for' | 'rate', string>>>;

function optionsOf(what: Options['what'], values: Values) {
  switch (what) {
    case 'reloads':
      return {
        what,
        count: whole('--count', values.count ?? '1000', 2, 1_000_000),
        lanes: whole('--lanes', values.lanes ?? '8', 1, 1_000),
        growth: whole('--growth', values.growth ?? '32', 1, 10_000),
      };
    case 'idle':
      return {
        what,
        connections: whole('--connections', values.connections ?? '1000', 1, 10_000),
        members: whole('--members', values.members ?? '10000', 1, 100_000),
      };
    case 'steady': {
      const time = seconds('--for', values.for ?? '10m');
      return {
        what,
        seconds: time,
        rate: whole('--rate', values.rate ?? '5000', 1, 100_000),
        // Node fills its heap in the first minute or two.
        growth: values.growth === undefined && time < 120 ? Number.POSITIVE_INFINITY : whole('--growth', values.growth ?? '10', 1, 1_000),
      };
    }
  }
}

function whole(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`${option}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

function seconds(option: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const found = Number(number) * (units[unit] ?? 0);
  if (found >= 3 && found <= 7 * 86_400) return found;
  throw new Error(`${option}: ${JSON.stringify(text)} is no time from 3s to 168h`);
}
