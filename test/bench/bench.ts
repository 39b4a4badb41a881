import { cpus } from 'node:os';
import { chooseCandidates } from './candidates.js';
import { measureCodec } from './codec.js';
import { openCredentials } from './credentials.js';
import { hubName } from './hub-names.js';
import { measureCandidate, measureInTurn } from './measure.js';
import type { Options } from './options.js';
import type { Pattern } from './patterns.js';
import type { Findings, FoundProfile } from './report.js';
import type { Loss, Row } from './rows.js';
import { openSink } from './sink.js';

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
  const { say, signal, environment } = surroundings;
  const { count, rounds } = options;
  const rows: Row[] = [];
  const losses: Loss[] = [];
  const profiles: FoundProfile[] = [];
  const codec = options.only.includes('codec') ? measureCodec() : [];
  const sink = await openSink();
  const profiled = (found: FoundProfile): void => void profiles.push(found);
  const { candidates, missing, atOnce, ...comparison } = await chooseCandidates(options, {
    environment,
    profiles: surroundings.profiles,
    profiled,
    sink,
  });
  for (const peer of missing) say(`\n*** ${peer} IS MISSING: there will be no ratio to it. Going on without. ***\n`);
  const credentials = await openCredentials();
  try {
    if (atOnce) {
      const all = candidates.map(({ candidate, around, load = asAsked }) => ({ candidate, around, patterns: options.patterns.map(load) }));
      rows.push(...(await measureInTurn(all, rounds, { credentials, count, signal, say })));
    }
    for (let round = 1; round <= rounds && candidates.length > 0 && !atOnce; round += 1) {
      say(`round ${round} of ${rounds}`);
      for (const { candidate, around, isPeer = false, load = asAsked } of candidates) {
        signal.throwIfAborted();
        const patterns = options.patterns.map(load);
        // A peer that dies (Kamailio 5.6 with OpenSSL 3 may) costs this round's ratio and nothing else.
        const lost = (pattern: Pattern, why: string): void => {
          losses.push({ hub: candidate.name, pattern: pattern.name, round, why });
          say(`*** ${candidate.name} ${pattern.name}: no figures in this round: ${why} ***`);
        };
        const measuring = { credentials, patterns, count, round, signal, say, around, lost: isPeer ? lost : undefined };
        rows.push(...(await measureCandidate(candidate, measuring)));
      }
    }
    return { machine: describe(options), rows, losses, codec, missing, profiles, ...comparison };
  } finally {
    await sink.close();
    credentials.close();
  }
}

function asAsked(pattern: Pattern): Pattern {
  return pattern;
}

/** The first line of every table: nobody is to take figures for those of another machine, or of a hub that did more or less. */
function describe({ compare, features }: Options): string {
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`;
  return compare === undefined ? `${machine}; ${hubName} with ${features.join(', ') || 'records, metrics and traces off'}` : machine;
}
