import { type Row, ratios } from './rows.js';
import { median } from './statistics.js';

/** A figure that is to be reached, and one that would be better still. */
interface Mark {
  readonly goal: number;
  readonly stretch?: number;
}

/** What the hub is to show under a pattern, on two processors with the load on them too. */
interface Goals {
  /** Times the rate of a peer, by its name; at least. */
  readonly rate?: Readonly<Record<string, Mark>>;
  /** Processor microseconds a transaction; at most. */
  readonly cpu?: Mark;
  /** Milliseconds; at most. */
  readonly p50?: Mark;
  /** p99 and memory are not above those of this peer. */
  readonly p99Of?: string;
  readonly memoryOf?: string;
  /** At least this share of the rate under another pattern. */
  readonly share?: { readonly of: string; readonly goal: number };
}

const stateful = 'kamailio';
const stateless = 'kamailio-stateless';

const goals: Readonly<Record<string, Goals>> = {
  '4x50': {
    rate: { [stateful]: { goal: 3.5, stretch: 5 }, [stateless]: { goal: 1.3, stretch: 2 } },
    cpu: { goal: 30, stretch: 20 },
    memoryOf: stateful,
  },
  '100x1': {
    rate: { [stateful]: { goal: 2, stretch: 3 }, [stateless]: { goal: 1.3, stretch: 2 } },
    cpu: { goal: 70, stretch: 45 },
  },
  '400x1': { rate: { [stateful]: { goal: 2 } }, share: { of: '100x1', goal: 0.8 } },
  '1000x1': { rate: { [stateful]: { goal: 2 } }, share: { of: '100x1', goal: 0.8 } },
  'fan-out:200x50': { share: { of: '4x50', goal: 0.8 } },
  calls: { rate: { [stateful]: { goal: 2, stretch: 3 } } },
  presence: { rate: { [stateful]: { goal: 2 } } },
  '8@4000': { p50: { goal: 1.5, stretch: 0.8 }, p99Of: stateful },
  '8@25000': { memoryOf: stateful },
};

/** The lines under the table of a pattern: what hub `name` was to show and whether it did. What was not measured is left out. */
export function goalLines(rows: readonly Row[], name: string, pattern: string): readonly string[] {
  const wanted = goals[pattern];
  const own = rows.filter((row) => row.hub === name && row.pattern === pattern);
  if (wanted === undefined || own.length === 0) return [];
  const { rate = {}, cpu, p50, p99Of, memoryOf, share } = wanted;
  const of = (field: 'cpu' | 'p50' | 'memory'): number => median(own.map((row) => row[field]));
  const lines: string[] = [];
  for (const ratio of ratios(rows, name).filter((one) => one.pattern === pattern)) {
    const mark = rate[ratio.peer];
    if (mark !== undefined) lines.push(line(`at least # x the rate of ${ratio.peer}`, mark, ratio.perSecond, 2, 'least'));
    // Equal is enough.
    if (ratio.peer === p99Of) lines.push(line(`p99 at most # x that of ${ratio.peer}`, { goal: 1 }, ratio.p99, 2, 'most'));
  }
  if (cpu !== undefined) lines.push(line('at most # us of CPU a transaction', cpu, of('cpu'), 1, 'most'));
  if (p50 !== undefined) lines.push(line('p50 at most # ms', p50, of('p50'), 2, 'most'));
  const peerMemory = rows.filter((row) => row.hub === memoryOf && row.pattern === pattern).map((row) => row.memory);
  if (memoryOf !== undefined && peerMemory.length > 0)
    lines.push(line(`memory at most the # MiB of ${memoryOf}`, { goal: median(peerMemory) }, of('memory'), 0, 'most'));
  if (share !== undefined) {
    const shares = own.flatMap((row) => {
      const other = rows.find((one) => one.hub === name && one.pattern === share.of && one.round === row.round);
      return other === undefined || other.perSecond === 0 ? [] : [(row.perSecond / other.perSecond) * 100];
    });
    if (shares.length > 0)
      lines.push(line(`at least # % of the rate under ${share.of}`, { goal: share.goal * 100 }, median(shares), 0, 'least'));
  }
  return lines;
}

function line(words: string, { goal, stretch }: Mark, found: number, digits: number, side: 'least' | 'most'): string {
  const reaches = (mark: number): boolean => (side === 'least' ? found >= mark : found <= mark);
  const better = stretch === undefined ? '' : ` (stretch ${stretch})`;
  const verdict = stretch !== undefined && reaches(stretch) ? 'kept, the stretch too' : reaches(goal) ? 'kept' : 'MISSED';
  return `  goal: ${words.replace('#', goal.toFixed(digits))}${better}: ${found.toFixed(digits)}  ${verdict}`;
}
