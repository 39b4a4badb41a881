import { cpus } from 'node:os';
import type { Candidate } from './candidate.js';
import { measureCodec } from './codec.js';
import { answererDomain, openCredentials } from './credentials.js';
import { type Feature, featureEnvironment, featureName } from './features.js';
import { hubUnderTest } from './hub-under-test.js';
import { kamailioPeer } from './kamailio-peer.js';
import { type Around, measureCandidate } from './measure.js';
import type { Options } from './options.js';
import { createProfiler } from './profiler.js';
import type { Findings, FoundProfile, Row } from './report.js';
import { openSink, type Sink } from './sink.js';

/** The name under which our hub stands in every table. */
export const hubName = 'guildhall';

/** What the bench needs of the process it runs in. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  /** Aborted: end everything that was started and reject. */
  readonly signal: AbortSignal;
  /** Takes lines of progress. */
  say(line: string): void;
  /** Folder for profiles. */
  readonly profiles: string;
}

/** Measures what the options ask for: every round all hubs in turn. Rejects when a hub does not start. */
export async function bench(options: Options, surroundings: Surroundings): Promise<Findings> {
  const { say, signal } = surroundings;
  const { patterns, count, rounds } = options;
  const rows: Row[] = [];
  const profiles: FoundProfile[] = [];
  const codec = options.only.includes('codec') ? measureCodec() : [];
  const sink = await openSink();
  const { candidates, missing, compared } = await chooseCandidates(options, surroundings, profiles, sink);
  for (const peer of missing) say(`\n*** ${peer} IS MISSING: there will be no ratio to it. Going on without. ***\n`);
  const credentials = await openCredentials();
  try {
    for (let round = 1; round <= rounds && candidates.length > 0; round += 1) {
      say(`round ${round} of ${rounds}`);
      for (const { candidate, around, isPeer } of candidates) {
        signal.throwIfAborted();
        const measured = measureCandidate(candidate, { credentials, patterns, count, round, signal, say, around });
        // A peer that dies (Kamailio 5.6 with OpenSSL 3 may) costs this round's ratio and nothing else.
        const spared = isPeer ? measured.catch((error: unknown) => tellLoss(candidate.name, error, surroundings)) : measured;
        rows.push(...(await spared));
      }
    }
    const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
    return { machine, rows, codec, missing, profiles, ...(compared === undefined ? {} : { compared }) };
  } finally {
    await sink.close();
    credentials.close();
  }
}

function tellLoss(name: string, error: unknown, { say, signal }: Surroundings): readonly Row[] {
  signal.throwIfAborted();
  say(`*** ${name} failed in this round: ${error instanceof Error ? error.message : String(error)} ***`);
  return [];
}

interface Chosen {
  readonly candidate: Candidate;
  readonly around: Around | undefined;
  readonly isPeer: boolean;
}

async function chooseCandidates(
  options: Options,
  surroundings: Surroundings,
  profiles: FoundProfile[],
  sink: Sink,
): Promise<{ candidates: readonly Chosen[]; missing: readonly string[]; compared?: Findings['compared'] }> {
  const candidates: Chosen[] = [];
  const missing: string[] = [];
  if (options.compare !== undefined) return { missing, ...comparedHubs(options.compare, options, surroundings, sink) };
  if (options.only.includes('generator')) candidates.push({ candidate: noHub, around: undefined, isPeer: false });
  if (options.only.includes('hub')) candidates.push(ownHub(options, surroundings, profiles));
  if (options.only.includes('peer')) {
    for (const name of options.peers) {
      const peer = await kamailioPeer(name, name === 'kamailio-stateless');
      if (peer === undefined) missing.push(name);
      else candidates.push({ candidate: peer, around: undefined, isPeer: true });
    }
  }
  return { candidates, missing };
}

/** Our hub in two ways. */
function comparedHubs(
  { on, against }: NonNullable<Options['compare']>,
  { single }: Options,
  { environment }: Surroundings,
  sink: Sink,
): { candidates: readonly Chosen[]; compared: NonNullable<Findings['compared']> } {
  const chosen = (enabled: readonly Feature[]): Chosen => ({
    candidate: hubUnderTest(featureName(hubName, enabled), {
      single,
      environment: { ...environment, ...featureEnvironment(enabled, sink.url) },
      features: enabled,
      sink,
    }),
    around: undefined,
    isPeer: false,
  });
  const [hub, other] = [chosen(on), chosen(against)];
  return { candidates: [hub, other], compared: { hub: hub.candidate.name, against: other.candidate.name } };
}

/** The load's two ends connected to each other: what they cost themselves. */
const noHub: Candidate = {
  name: 'no hub at all',
  start: ({ sink }) => Promise.resolve({ port: sink, serverName: answererDomain, pid: 0, output: () => '', stop: () => Promise.resolve() }),
};

function ownHub(options: Options, surroundings: Surroundings, profiles: FoundProfile[]): Chosen {
  const { environment } = surroundings;
  const { single } = options;
  if (!options.profile) return { candidate: hubUnderTest(hubName, { single, environment }), around: undefined, isPeer: false };
  const profiler = createProfiler(surroundings.profiles);
  const candidate = hubUnderTest(hubName, { single, environment: { ...environment, ...profiler.environment } });
  return {
    candidate,
    isPeer: false,
    async around(hub, pattern, run) {
      const watched = await profiler.around(hub.pid, run);
      for (const [service, summary] of watched.profiles)
        profiles.push({ pattern: pattern.name, service, transactions: options.count, summary });
      return watched.result;
    },
  };
}
