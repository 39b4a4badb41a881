import { parseArgs } from 'node:util';
import { type Feature, features } from './features.js';
import { type Pattern, readPatterns, usualPatterns } from './patterns.js';

/** What is measured. */
export const parts = ['hub', 'single', 'peer', 'codec', 'generator'] as const;
export type Part = (typeof parts)[number];
/** Those that may be measured beside our hub. */
export const peers = ['kamailio', 'kamailio-stateless', 'kamailio-packaged', 'kamailio-packaged-stateless'] as const;
export type Peer = (typeof peers)[number];

/** Which hub of ours is measured in turn with its smaller self: one of more instances, or of more members. */
export interface Grown {
  readonly by: 'instances' | 'members';
  readonly count: number;
}

/** What becomes of the figures besides that they are shown; a check without patterns is one of all that were recorded. */
export type History = { readonly verb: 'record' } | { readonly verb: 'check'; readonly patterns: 'recorded' | 'given' };

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
  /** What our hub does besides passing messages on. */
  readonly features: readonly Feature[];
  /** What our hub is told to do in one run and in the other, in turn. */
  readonly compare?: { readonly on: readonly Feature[]; readonly against: readonly Feature[] };
  readonly grown?: Grown;
  readonly history?: History;
}

/** What the arguments ask for. */
export type Request =
  | { readonly kind: 'bench'; readonly options: Options }
  | { readonly kind: 'membership'; readonly members: number; readonly json: boolean }
  | { readonly kind: 'floor'; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string };

/** What `--short` measures, and with how many transactions: half a minute on two cores. */
const short = { patterns: '4x50,100x1,fan-out:20x50,calls,presence', rounds: '1', count: '5000' };

/** Processor time comes in hundredths of a second: fewer transactions make no ratio that can be held against another. */
const leastRecorded = 10_000;

/** Reads the command line (without node and script). */
export function readOptions(args: readonly string[]): Request {
  try {
    return readRequest(args);
  } catch (error) {
    return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      count: { type: 'string' },
      patterns: { type: 'string' },
      peer: { type: 'string' },
      only: { type: 'string' },
      features: { type: 'string' },
      single: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      with: { type: 'string' },
      against: { type: 'string' },
      instances: { type: 'string' },
      'members-rate': { type: 'string' },
      members: { type: 'string' },
      floor: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
}

type Values = ReturnType<typeof parse>;

function readRequest(args: readonly string[]): Request {
  const values = parse(args);
  const { single, json, profile } = values;
  if (values.help) return { kind: 'help' };
  if (values.members !== undefined) return { kind: 'membership', members: whole('--members', values.members, 10, 20_000), json };
  if (values.floor) return { kind: 'floor', json };
  refuseContradictions(values);
  const compare = profile ? undefined : readComparison(values.with, values.against);
  const grown = readGrown(values);
  const history = readHistory(values);
  const alone = profile || compare !== undefined || grown !== undefined;
  const usual = usualOf(values, grown, history);
  const options: Options = {
    rounds: whole('--rounds', values.rounds ?? usual.rounds, 1, 100),
    count: whole('--count', values.count ?? usual.count, history === undefined ? 100 : leastRecorded, 10_000_000),
    patterns: readPatterns(values.patterns ?? usual.patterns),
    peers: readPeers(values.peer ?? (alone ? 'none' : usual.peers)),
    only: oneOf('--only', values.only ?? (alone ? 'hub' : usual.only), parts),
    single,
    json,
    profile,
    features: readFeatures(
      profile && values.with !== undefined ? '--with' : '--features',
      values.features ?? (profile ? values.with : undefined),
    ),
    ...(compare === undefined ? {} : { compare }),
    ...(grown === undefined ? {} : { grown }),
    ...(history === undefined ? {} : { history }),
  };
  return { kind: 'bench', options };
}

/** What is meant where nothing is said. */
function usualOf(values: Values, grown: Grown | undefined, history: History | undefined) {
  const peersMeant = history === undefined ? 'kamailio' : peers.join();
  const only = history?.verb === 'record' ? 'hub,single,peer' : history === undefined && !values.short ? 'hub,peer,codec' : 'hub,peer';
  if (values.short) return { ...short, peers: peersMeant, only };
  // Hubs that run beside each other take turns in short rounds.
  const inTurn = grown !== undefined || (values.with !== undefined && !values.profile);
  const [rounds, count] = values.profile ? ['1', '40000'] : inTurn ? ['12', '20000'] : ['3', '40000'];
  const patterns = history !== undefined ? 'all' : grown === undefined ? usualPatterns : grown.by === 'members' ? '4x50' : 'fan-out:200x50';
  return { patterns, rounds, count, peers: peersMeant, only };
}

function refuseContradictions(values: Values): void {
  const { instances, 'members-rate': members, profile, check, record, with: on, against, features: off } = values;
  if (off !== undefined && on !== undefined) throw new Error('--features: --with says it already');
  if (profile && against !== undefined) throw new Error('--against: a profile is of one hub, which --with describes');
  const kinds = {
    '--record': record,
    '--check': check,
    '--short': values.short,
    '--profile': profile,
    '--with': on !== undefined && !profile,
    '--instances': instances !== undefined,
    '--members-rate': members !== undefined,
  };
  const [first, second] = Object.entries(kinds).flatMap(([name, given]) => (given ? [name] : []));
  if (first !== undefined && second !== undefined) throw new Error(`${first}: not together with ${second}`);
  for (const [name, given] of Object.entries({ '--only': values.only !== undefined, '--single': values.single })) {
    if (given && (check || record)) throw new Error(`${name}: what is ${check ? 'checked' : 'recorded'} is the whole hub beside its peers`);
  }
  if (values.single && instances !== undefined) throw new Error('--single: not together with --instances');
  for (const [name, given] of Object.entries({ '--peer': values.peer, '--features': off })) {
    if (given !== undefined && check) throw new Error(`${name}: --check goes by what was recorded`);
  }
}

function readComparison(on: string | undefined, against: string | undefined): Options['compare'] {
  if (on === undefined && against === undefined) return undefined;
  if (on === undefined) throw new Error('--against: says what to compare with, --with LIST what');
  return { on: readFeatures('--with', on), against: readFeatures('--against', against ?? 'off') };
}

function readGrown({ instances, 'members-rate': members }: Values): Grown | undefined {
  if (instances !== undefined) return { by: 'instances', count: whole('--instances', instances, 2, 16) };
  return members === undefined ? undefined : { by: 'members', count: whole('--members-rate', members, 20, 20_000) };
}

function readHistory({ record, check, patterns }: Values): History | undefined {
  if (record) return { verb: 'record' };
  return check ? { verb: 'check', patterns: patterns === undefined ? 'recorded' : 'given' } : undefined;
}

function readFeatures(option: string, text: string | undefined): readonly Feature[] {
  if (text === undefined) return features;
  return text === 'off' ? [] : oneOf(option, text, features);
}

function readPeers(text: string): readonly Peer[] {
  return oneOf('--peer', text, [...peers, 'none'] as const).flatMap((peer) => (peer === 'none' ? [] : [peer]));
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
