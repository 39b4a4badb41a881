import { parseArgs } from 'node:util';
import { targets } from './targets.js';

/** What is fuzzed, and for how long. */
export interface Options {
  readonly kind: 'fuzz';
  /** Names of targets, in the order in which they are fed. */
  readonly names: readonly string[];
  /** Of each target. */
  readonly executions: number;
  /** Ms in all, shared by the targets. */
  readonly ms: number;
  readonly seed: number;
  readonly json: boolean;
}

/** How time grows with the input. */
export interface LinearOptions {
  readonly kind: 'linear';
  /** Bytes of the smallest of four inputs. */
  readonly bytes: number;
  /** Each is measured so often, and the median taken. */
  readonly rounds: number;
  readonly json: boolean;
}

/** What the arguments ask for. */
export type Request =
  /** Something to run, for which no program is needed besides. */
  | { readonly kind: 'run'; readonly options: Options | LinearOptions }
  | { readonly kind: 'list'; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

export const help = `npm run fuzz [-- TARGET...] [options]
npm run fuzz -- linear [options]

Feeds every part of the hub that takes bytes from outside with what a grammar and mutation make of sound inputs, and checks after each what must
hold. The same seed feeds the same inputs. What breaks a promise is made as small as it goes, told, and kept in test/fuzz/found, where
npm test plays it again from then on.

  --executions N   inputs for each target                             (default 200000)
  --for TIME       stop after this time in all: 30s, 5m, 2h           (default: executions decide)
  --seed N         what the inputs are made from                      (default: another one each time, told)
  --list           names of the targets, and what must hold
  --json           one JSON object on stdout instead of a table
  --help           this

linear feeds inputs of n, 2n, 4n and 8n bytes of shapes that are hard on parsers, and tells ns a byte: it must not grow. Takes many minutes,
with --bytes 4096 one; on a machine that does other things meanwhile a shape may seem to grow: see it again before you believe it.

  --bytes N        n, from 1024 on                                    (default 65536)
  --rounds N       measurements of which the median is taken          (default 5)

Examples
  npm run fuzz
  npm run fuzz -- admit rewrite --for 5m
  npm run fuzz -- --executions 1000000 --seed 7
  npm run fuzz -- linear

Progress goes to stderr, figures to stdout. Exit: 0 every promise held, 1 one was broken, 2 wrong usage.
`;

/** What only a campaign of inputs knows, and what only linear does. */
const campaignOptions = ['executions', 'for', 'seed'] as const;
const linearOptions = ['bytes', 'rounds'] as const;

const unit: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function time(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const found = /^(\d{1,6})([smh])$/.exec(text);
  const ms = Number(found?.[1]) * (unit[found?.[2] ?? ''] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new Error(`--for: ${JSON.stringify(text)} is no time such as 30s, 5m or 2h`);
}

function whole(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`${option}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}

/** Reads the command line (without node and script). `anySeed` is taken where none is given. */
export function readOptions(args: readonly string[], anySeed = 1): Request {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        executions: { type: 'string' },
        for: { type: 'string' },
        seed: { type: 'string' },
        bytes: { type: 'string' },
        rounds: { type: 'string' },
        list: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    if (values.list) return { kind: 'list', json: values.json };
    const linear = positionals[0] === 'linear';
    const strangeOption = (linear ? campaignOptions : linearOptions).find((name) => values[name] !== undefined);
    if (strangeOption !== undefined)
      throw new Error(`--${strangeOption} is ${linear ? 'no option of linear' : 'an option of linear alone'}`);
    if (linear) {
      if (positionals.length > 1) throw new Error('linear takes no names of targets');
      const bytes = whole('--bytes', values.bytes ?? '65536', 1_024, 4_194_304);
      return {
        kind: 'run',
        options: { kind: 'linear', bytes, rounds: whole('--rounds', values.rounds ?? '5', 1, 100), json: values.json },
      };
    }
    const known = targets.map(({ name }) => name);
    const strange = positionals.find((name) => !known.includes(name));
    if (strange !== undefined) throw new Error(`there is no target ${JSON.stringify(strange)}: ${known.join(', ')}, linear`);
    const most = values.for === undefined ? '200000' : '1000000000';
    return {
      kind: 'run',
      options: {
        kind: 'fuzz',
        names: positionals.length === 0 ? known : [...new Set(positionals)],
        executions: whole('--executions', values.executions ?? most, 1, 1_000_000_000),
        ms: time(values.for),
        seed: whole('--seed', values.seed ?? String(anySeed), 0, Number.MAX_SAFE_INTEGER),
        json: values.json,
      },
    };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}
