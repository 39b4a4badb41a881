import { parseArgs } from 'node:util';
import { type Feature, features } from './features.js';

/** How a load arrives. */
export interface Pattern {
  /** As written: `4x50` or `8@4000`. */
  readonly name: string;
  readonly connections: number;
  /** Requests in flight per connection; with a rate, the bound on them. */
  readonly window: number;
  /** Requests a second; 0: as fast as answers come. */
  readonly rate: number;
}

/** What is measured. */
export const parts = ['hub', 'peer', 'codec', 'generator'] as const;
export type Part = (typeof parts)[number];
export const peers = ['kamailio', 'kamailio-stateless', 'none'] as const;
export type Peer = (typeof peers)[number];

export interface Options {
  readonly rounds: number;
  /** Transactions a run. */
  readonly count: number;
  readonly patterns: readonly Pattern[];
  readonly peers: readonly Peer[];
  readonly only: readonly Part[];
  /** All services of our hub in one process. */
  readonly single: boolean;
  readonly json: boolean;
  readonly profile: boolean;
  /** What our hub is told to do in one run and in the other, in turn. */
  readonly compare?: { readonly on: readonly Feature[]; readonly against: readonly Feature[] };
}

/** What the arguments ask for. */
export type Request =
  | { readonly kind: 'bench'; readonly options: Options }
  | { readonly kind: 'membership'; readonly members: number; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

const openLoopWindow = 500;

export const help = `npm run bench -- [options]

Sends MESSAGEs of member a.example over mutual TLS through the hub to member b.example, whose proxy answers 200, and prints
transactions a second, processor time a transaction (all processes of the hub and nats-server), latency, failures and memory.
Kamailio does the same work in turn with the hub, so that the ratio holds on any machine. Everything runs on loopback.

  --rounds N        rounds of hub, peer, hub, peer ...; the figures are medians over them   (default 3)
  --count N         transactions a run                                                     (default 40000)
  --patterns LIST   CONNECTIONSxWINDOW as fast as answers come, or CONNECTIONS@RATE a second (default 4x50,100x1)
  --peer LIST       kamailio, kamailio-stateless, none                                     (default kamailio)
  --only LIST       hub, peer, codec, generator (the load's two ends without a hub)         (default hub,peer,codec)
  --single          all services of the hub in one process
  --profile         where the hub's time goes: one round without peer, top functions of every service
  --with LIST       instead of a peer: our hub with these on (records,metrics,traces; traces of 1 %), in turn with ...
  --against LIST    ... the same with these on, or off; the difference of each round is what they cost (default off)
  --members N       instead of all that: what a membership of N members costs policy (start, verdict, memory)
  --json            one JSON object on stdout instead of tables
  --help            this

Examples
  npm run bench
  npm run bench -- --only codec
  npm run bench -- --rounds 1 --count 10000 --peer none
  npm run bench -- --patterns 4x50,8@4000 --peer kamailio,kamailio-stateless --json > bench.json
  npm run bench -- --profile --patterns 4x50
  npm run bench -- --members 10000
  npm run bench -- --with records,metrics,traces --against off --rounds 5

Progress goes to stderr, figures to stdout. Exit: 0 all transactions answered with 200, 1 some were not, 2 wrong usage.
`;

/** Reads the command line (without node and script). */
export function readOptions(args: readonly string[]): Request {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        count: { type: 'string', default: '40000' },
        patterns: { type: 'string', default: '4x50,100x1' },
        peer: { type: 'string' },
        only: { type: 'string' },
        single: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        with: { type: 'string' },
        against: { type: 'string' },
        members: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    if (values.members !== undefined)
      return { kind: 'membership', members: whole('--members', values.members, 10, 20_000), json: values.json };
    const profile = values.profile;
    const compare = readComparison(values.with, values.against);
    const options: Options = {
      rounds: whole('--rounds', values.rounds ?? (profile ? '1' : '3'), 1, 100),
      count: whole('--count', values.count, 100, 10_000_000),
      patterns: values.patterns.split(',').map(readPattern),
      peers: oneOf('--peer', values.peer ?? (profile || compare ? 'none' : 'kamailio'), peers).filter((peer) => peer !== 'none'),
      only: oneOf('--only', values.only ?? (profile || compare ? 'hub' : 'hub,peer,codec'), parts),
      single: values.single,
      json: values.json,
      profile,
      ...(compare === undefined ? {} : { compare }),
    };
    return { kind: 'bench', options };
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

function readComparison(on: string | undefined, against: string | undefined): Options['compare'] {
  if (on === undefined && against === undefined) return undefined;
  if (on === undefined) throw new Error('--against: says what to compare with, --with LIST what');
  const list = (option: string, text: string) => (text === 'off' ? [] : oneOf(option, text, features));
  return { on: list('--with', on), against: list('--against', against ?? 'off') };
}

function readPattern(text: string): Pattern {
  const [, connections, sign, number] = /^(\d{1,5})([x@])(\d{1,7})$/.exec(text) ?? [];
  if (connections === undefined || number === undefined)
    throw new Error(`--patterns: ${JSON.stringify(text)} is neither like 4x50 nor like 8@4000`);
  const lanes = whole('--patterns connections', connections, 1, 10_000);
  return sign === 'x'
    ? { name: text, connections: lanes, window: whole('--patterns window', number, 1, 100_000), rate: 0 }
    : { name: text, connections: lanes, window: openLoopWindow, rate: whole('--patterns rate', number, 1, 1_000_000) };
}

function oneOf<T extends string>(option: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(',').map((word) => {
    const found = known.find((one) => one === word);
    if (found === undefined) throw new Error(`${option}: ${JSON.stringify(word)} is none of ${known.join(', ')}`);
    return found;
  });
}

function whole(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`${option}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}
