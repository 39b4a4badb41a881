import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checkoutRoot } from '../stage/checkout.js';
import { judge, renderJudgement, whyNotComparable } from './check.js';
import { lastRecorded, type Machine, type Recorded, recordOf, recordSchema } from './history.js';
import { readHistory, writeRecorded } from './history-folder.js';
import { markdownOf } from './history-table.js';
import type { Options } from './options.js';
import { readPatterns } from './patterns.js';
import type { Findings } from './report.js';

/** A bench whose figures are kept or judged. */
export interface Historic {
  /** What to measure: what was recorded last, where that is to be checked. */
  readonly options: Options;
  /** Does with the figures what was asked. `hub` is ours; the text is for people, the code as `--help` says. */
  conclude(findings: Findings, hub: string): { readonly text: string; readonly code: number };
}

/** Why nothing is measured, each with its cure. */
export interface Refused {
  readonly refused: readonly string[];
}

/**
 * Makes a bench of one with `--record` or `--check`. Throws an Error when a history file cannot be read.
 *
 * @param now the time, ISO 8601
 */
export function openHistory(
  options: Options,
  history: NonNullable<Options['history']>,
  machine: Machine,
  folder: string,
  now: string,
): Historic | Refused {
  const about = { version: versionOfHub(), at: now, machine };
  if (history.verb === 'record') {
    if (machine.kamailio === '')
      return {
        refused: ['Kamailio is not installed, and only ratios to it are kept; cure: apt-get install kamailio kamailio-tls-modules'],
      };
    const { features, rounds, count } = options;
    return {
      options,
      conclude: (findings, hub) => record(findings, hub, { ...about, features: [...features], rounds, count }, folder),
    };
  }
  const last = lastRecorded(readHistory(folder));
  const recorded = last?.patterns.map(({ pattern }) => pattern) ?? [];
  const wanted = history.patterns === 'recorded' ? recorded : options.patterns.map(({ name }) => name);
  const refused = whyNotComparable(last, machine, wanted);
  if (last === undefined || refused.length > 0) return { refused };
  const peers = new Set(last.patterns.flatMap((one) => one.peers.map(({ peer }) => peer)));
  return {
    options: {
      ...options,
      features: last.features,
      patterns: readPatterns(wanted.join(',')),
      peers: options.peers.filter((peer) => peers.has(peer)),
    },
    conclude(findings, hub) {
      const { rounds, count } = options;
      const found = recordOf(findings, hub, { ...about, features: [...last.features], rounds, count });
      return renderJudgement(last, judge(last, found, wanted));
    },
  };
}

/** Figures of a run in which our hub failed prove nothing, and ratios to nobody neither. */
function record(findings: Findings, hub: string, about: Omit<Recorded, 'format' | 'patterns'>, folder: string) {
  const failed = findings.rows.filter((row) => row.hub === hub && row.failed > 0).map(({ pattern }) => pattern);
  if (failed.length > 0) return { text: `NOT RECORDED: transactions failed under ${[...new Set(failed)].join(', ')}\n`, code: 1 };
  const recorded = recordOf(findings, hub, about);
  const alone = recorded.patterns.filter(({ peers }) => peers.length === 0).map(({ pattern }) => pattern);
  if (alone.length > 0 || recorded.patterns.length === 0)
    return { text: `NOT RECORDED: no peer lived through ${alone.join(', ') || 'anything'}\n`, code: 2 };
  const checked = recordSchema.safeParse(recorded);
  // A figure that cannot be read again, such as a ratio to no time at all, is not to be found out at the next check.
  if (!checked.success) return { text: `NOT RECORDED: ${checked.error.issues.map(({ path }) => path.join('.')).join(', ')}\n`, code: 2 };
  return { text: `recorded in ${writeRecorded(folder, recorded)}\n\n${markdownOf(recorded)}`, code: 0 };
}

function versionOfHub(): string {
  const text = readFileSync(join(checkoutRoot(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
