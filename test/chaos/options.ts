import { parseArgs } from 'node:util';
import type { RowOptions } from './row.js';
import { rows } from './rows.js';

/** What is to be done. */
export type Request =
  | {
      readonly kind: 'chaos';
      /** Names of rows, all where none is named. */
      readonly names: readonly string[];
      readonly options: RowOptions;
      readonly json: boolean;
      /** Where the results are written as a page; '' nowhere. */
      readonly results: string;
    }
  | { readonly kind: 'list'; readonly names: readonly string[]; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

export const help = `npm run chaos [-- ROW...] [options]

Breaks parts of a running hub while members send to each other through it, and checks every transaction by its number at both ends.
The hub is 2 ingresses, 2 policies and 2 relays on a cluster of 3 nats-servers, all processes of their own, like the members' proxies.

  --list          every row (or those named), what is done and what must hold
  --rate N        transactions a second over all senders            (default: each row's own)
  --members N     members, at least 6                               (default 6)
  --seconds N     seconds of traffic from the fault on              (default: each row's own)
  --calm N        seconds of traffic before it, warm-up included     (default: each row's own, 7 for most)
  --results FILE  write what came of it as a page of Markdown, too
  --json          one JSON object a row on stdout instead of a table
  --help          this

Examples
  npm run chaos -- --list
  npm run chaos -- kill-relay --rate 1000
  npm run chaos -- kill-relay kill-nats --seconds 20 --json
  npm run chaos -- --results test/chaos/RESULTS.md

What root has to allow: disk-full and disk-read-only are skipped without it, member-half-open makes do with a proxy in the path. Promises about
time are for a machine of two cores that does nothing else meanwhile.

Progress goes to stderr, the table to stdout. Exit: 0 no promise was broken, 1 one was, 2 wrong usage, 3 something is missing: every row was skipped.
`;

/** Reads the command line (without node and script). */
export function readOptions(args: readonly string[]): Request {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        list: { type: 'boolean', default: false },
        rate: { type: 'string' },
        members: { type: 'string' },
        seconds: { type: 'string' },
        calm: { type: 'string' },
        results: { type: 'string', default: '' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const unknown = positionals.find((name) => rows.every((row) => row.name !== name));
    if (unknown !== undefined) throw new Error(`there is no row ${JSON.stringify(unknown)}`);
    if (values.list) return { kind: 'list', names: positionals, json: values.json };
    const options: RowOptions = {
      ...given('rate', whole('--rate', values.rate, 50, 100_000)),
      ...given('members', whole('--members', values.members, 6, 100)),
      ...given('seconds', whole('--seconds', values.seconds, 1, 86_400)),
      ...given('calm', whole('--calm', values.calm, 1, 3_600)),
    };
    return { kind: 'chaos', names: positionals, options, json: values.json, results: values.results };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

function given(name: 'rate' | 'members' | 'seconds' | 'calm', value: number | undefined): RowOptions {
  return value === undefined ? {} : { [name]: value };
}

function whole(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`${option}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}
