import type { Machine, Recorded } from './history.js';

/** A ratio of the hub to a peer, then and now. */
export interface Judged {
  readonly pattern: string;
  readonly peer: string;
  readonly what: 'rate' | 'CPU';
  readonly before: number;
  readonly now: number;
  /** By how much the hub's advantage shrank, as a share of what it was; negative: it grew. */
  readonly fall: number;
  readonly fallen: boolean;
}

/** A ratio may lose so much of its advantage before that is more than the noise of a shared machine. */
const mostFall = 0.15;

/**
 * Why figures of this machine cannot be held against what was recorded last, in words with a cure; none when they can.
 *
 * @param wanted names of the patterns to be judged
 */
export function whyNotComparable(last: Recorded | undefined, machine: Machine, wanted: readonly string[]): readonly string[] {
  if (last === undefined) return ['nothing was recorded yet; cure: npm run bench -- --record'];
  const again = 'cure: check on that machine, or npm run bench -- --record on this one';
  const found: string[] = [];
  const then = last.machine;
  if (then.cpu !== machine.cpu || then.cores !== machine.cores)
    found.push(`recorded on ${then.cores} x ${then.cpu}, this is ${machine.cores} x ${machine.cpu}; ${again}`);
  if (machine.kamailio === '')
    found.push('Kamailio is not installed, so there is no ratio; cure: apt-get install kamailio kamailio-tls-modules');
  else if (then.kamailio !== machine.kamailio)
    found.push(`recorded beside ${then.kamailio}, this is ${machine.kamailio}; cure: install that one, or npm run bench -- --record`);
  for (const pattern of wanted) {
    const recorded = last.patterns.find((one) => one.pattern === pattern);
    if (recorded === undefined || recorded.peers.length === 0)
      found.push(`${pattern} was not recorded with a peer; cure: leave it out of --patterns, or npm run bench -- --record`);
  }
  return found;
}

/** Every recorded ratio of these patterns beside what it is now; a string says why one cannot be judged. */
export function judge(last: Recorded, now: Recorded, wanted: readonly string[]): readonly (Judged | string)[] {
  return last.patterns
    .filter(({ pattern }) => wanted.includes(pattern))
    .flatMap(({ pattern, peers }) =>
      peers.flatMap(({ peer, ratio: before }): readonly (Judged | string)[] => {
        const found = now.patterns.find((one) => one.pattern === pattern)?.peers.find((one) => one.peer === peer);
        if (found === undefined) return [`${pattern}: there is no ratio to ${peer}: it did not live through any round`];
        return [
          judged(pattern, peer, 'rate', before.perSecond, found.ratio.perSecond, 1 - found.ratio.perSecond / before.perSecond),
          // Less is better: the advantage is what the peer needs for one of ours.
          judged(pattern, peer, 'CPU', before.cpu, found.ratio.cpu, 1 - before.cpu / found.ratio.cpu),
        ];
      }),
    );
}

function judged(pattern: string, peer: string, what: Judged['what'], before: number, now: number, fall: number): Judged {
  // Not a number, where something is missing, is no success.
  return { pattern, peer, what, before, now, fall, fallen: !(fall <= mostFall) };
}

/** The judgement for people, and the exit code: 0 nothing fell, 3 something did, 2 something could not be judged and nothing fell. */
export function renderJudgement(last: Recorded, all: readonly (Judged | string)[]): { readonly text: string; readonly code: number } {
  const lines = [`checked against ${last.version} of ${last.at.slice(0, 10)} (${last.rounds} rounds, ${last.count} a run):`];
  let code = all.length === 0 ? 2 : 0;
  for (const one of all) {
    if (typeof one === 'string') {
      lines.push(`  NOT JUDGED ${one}`);
      if (code === 0) code = 2;
      continue;
    }
    const { pattern, peer, what, before, now, fall, fallen } = one;
    const change = `${fall > 0 ? 'worse' : 'better'} by ${(Math.abs(fall) * 100).toFixed(1)} %`;
    lines.push(
      `  ${pattern} to ${peer}: ${what} ${before.toFixed(2)} x then, ${now.toFixed(2)} x now, ${change}${fallen ? '  FALLEN' : ''}`,
    );
    if (fallen) code = 3;
  }
  const verdicts: Readonly<Record<number, string>> = {
    0: `nothing fell by more than ${mostFall * 100} %`,
    2: 'not everything could be judged',
    3: `FALLEN by more than ${mostFall * 100} %: see above`,
  };
  lines.push(`  ${verdicts[code] ?? ''}`);
  return { text: `${lines.join('\n')}\n`, code };
}
