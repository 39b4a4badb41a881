import type { Candidate } from './candidate.js';
import { answererDomain, senderDomain } from './credentials.js';
import { type Feature, featureEnvironment, featureName } from './features.js';
import { hubName, singleName } from './hub-names.js';
import { hubUnderTest } from './hub-under-test.js';
import { howInstancesRun, hubOfInstances, timesInstances } from './instances.js';
import { kamailioPeer } from './kamailio-peer.js';
import type { Around } from './measure.js';
import type { Grown, Options } from './options.js';
import type { Pattern } from './patterns.js';
import { createProfiler } from './profiler.js';
import type { Findings, FoundProfile, Growth } from './report.js';
import type { Sink } from './sink.js';

/** One of those that are measured in turn. */
export interface Chosen {
  readonly candidate: Candidate;
  readonly around?: Around;
  /** Others' programs may die without the bench ending with them. */
  readonly isPeer?: boolean;
  /** The patterns it is put under, by the names of those that were asked for. */
  load?(pattern: Pattern): Pattern;
}

/** Those that are measured, in their order, and how they are to be compared. */
export interface Choice extends Pick<Findings, 'compared' | 'grown' | 'missing'> {
  readonly candidates: readonly Chosen[];
  /** All run at once and are measured in turn; otherwise each is started for each of its rounds. */
  readonly atOnce: boolean;
}

/** What our hubs are run with. */
export interface Ground {
  readonly environment: Readonly<Record<string, string>>;
  /** Folder for profiles, and what takes their summaries. */
  readonly profiles: string;
  profiled(found: FoundProfile): void;
  readonly sink: Sink;
}

/** A community of so few is what a larger one is compared with. */
const fewMembers = 10;
/** What a larger hub may cost: as a share of the rate either way, and of processor time a transaction. */
const most = { perSecond: 0.05, cpu: 0.1 } as const;

/** Chooses what the options ask for. Nothing is started yet. */
export async function chooseCandidates(options: Options, ground: Ground): Promise<Choice> {
  if (options.compare !== undefined) return compared(options.compare, options, ground);
  if (options.grown?.by === 'members') return ofManyMembers(options.grown, options, ground);
  if (options.grown?.by === 'instances') return ofInstances(options.grown, options, ground);
  const candidates: Chosen[] = [];
  const missing: string[] = [];
  if (options.only.includes('generator')) candidates.push({ candidate: noHub });
  if (options.only.includes('hub'))
    candidates.push(options.profile ? profiledHub(options, ground) : { candidate: ownHub(hubName, options, ground) });
  if (options.only.includes('single')) candidates.push({ candidate: ownHub(singleName, { ...options, single: true }, ground) });
  if (options.only.includes('peer')) {
    for (const name of options.peers) {
      const peer = await kamailioPeer(name);
      if (peer === undefined) missing.push(name);
      else candidates.push({ candidate: peer, isPeer: true });
    }
  }
  return { candidates, missing, atOnce: false };
}

/** The load's two ends connected to each other: what they cost themselves. */
const noHub: Candidate = {
  name: 'no hub at all',
  start: ({ sink, source }) => {
    const back = { port: source, serverName: senderDomain };
    return Promise.resolve({ port: sink, serverName: answererDomain, back, pid: 0, output: () => '', stop: () => Promise.resolve() });
  },
};

interface OwnHub {
  readonly single: boolean;
  readonly features: readonly Feature[];
  readonly members?: number;
}

function ownHub(
  name: string,
  { single, features, members }: OwnHub,
  { environment, sink }: Pick<Ground, 'environment' | 'sink'>,
): Candidate {
  return hubUnderTest(name, {
    single,
    environment: { ...environment, ...featureEnvironment(features, sink.url) },
    features,
    sink,
    ...(members === undefined ? {} : { members }),
  });
}

/** Our hub in two ways. */
function compared({ on, against }: NonNullable<Options['compare']>, { single }: Options, ground: Ground): Choice {
  const [hub, other] = [on, against].map((features) => ownHub(featureName(hubName, features), { single, features }, ground));
  return inTurn(hub, other, (names) => ({ compared: names }));
}

function ofManyMembers({ count }: Grown, { single, features }: Options, ground: Ground): Choice {
  const [hub, other] = [count, fewMembers].map((members) =>
    ownHub(`${hubName}, ${members} members`, { single, features, members }, ground),
  );
  return inTurn(hub, other, (names) => grown(names, 'perSecond', ''));
}

function ofInstances({ count }: Grown, { features }: Options, { sink }: Ground): Choice {
  const [hub, other] = [count, 1].map((instances) => hubOfInstances(`${hubName}, ${instances} of each`, instances, features, sink));
  const choice = inTurn(hub, other, (names) => grown(names, 'cpu', howInstancesRun()));
  const candidates = choice.candidates.map((one) =>
    one.candidate === hub ? { ...one, load: (pattern: Pattern) => timesInstances(pattern, count) } : one,
  );
  return { ...choice, candidates };
}

function grown(names: Pick<Growth, 'hub' | 'against'>, field: Growth['field'], how: string): Pick<Choice, 'grown'> {
  return { grown: { ...names, field, most: most[field], how } };
}

function inTurn(
  hub: Candidate | undefined,
  other: Candidate | undefined,
  named: (names: Pick<Growth, 'hub' | 'against'>) => Pick<Choice, 'compared' | 'grown'>,
): Choice {
  if (hub === undefined || other === undefined) throw new Error('two hubs are needed to compare them');
  return {
    candidates: [{ candidate: hub }, { candidate: other }],
    missing: [],
    atOnce: true,
    ...named({ hub: hub.name, against: other.name }),
  };
}

function profiledHub(options: Options, ground: Ground): Chosen {
  const profiler = createProfiler(ground.profiles);
  return {
    candidate: ownHub(hubName, options, { ...ground, environment: { ...ground.environment, ...profiler.environment } }),
    async around(hub, pattern, run) {
      const watched = await profiler.around(hub.pid, run);
      for (const [service, summary] of watched.profiles)
        ground.profiled({ pattern: pattern.name, service, transactions: options.count, summary });
      return watched.result;
    },
  };
}
