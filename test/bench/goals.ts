import { type Row, ratios } from './rows.js';
import { median } from './statistics.js';

/** A figure that is to be reached, and one that would be better still. */
interface Mark {
  readonly goal: number;
  readonly stretch?: number;
}

type Side = 'least' | 'most';

/** Whom a goal is set against: the fastest Kamailio that was found, and where there are no figures of that, Kamailio as its package has it. */
interface Peer {
  readonly packaged: string;
  readonly best: string;
}

/** What the hub is to show under a pattern, on two processors with the load on them too. */
interface Goals {
  /** Times the rate of a peer; at least. */
  readonly rate?: readonly (Mark & { readonly of: Peer })[];
  /** Processor microseconds a transaction; at most. */
  readonly cpu?: Mark;
  /** Milliseconds; at most. */
  readonly p50?: Mark;
  /** p99 and memory are not above those of this peer. */
  readonly p99Of?: Peer;
  readonly memoryOf?: Peer;
  /** At least this share of the rate under another pattern. */
  readonly share?: { readonly of: string; readonly goal: number };
}

const stateful: Peer = { packaged: 'kamailio-packaged', best: 'kamailio' };
const stateless: Peer = { packaged: 'kamailio-packaged-stateless', best: 'kamailio-stateless' };

const goals: Readonly<Record<string, Goals>> = {
  '4x50': {
    rate: [
      { of: stateful, goal: 3.5, stretch: 5 },
      { of: stateless, goal: 1.3, stretch: 2 },
    ],
    cpu: { goal: 30, stretch: 20 },
    memoryOf: stateful,
  },
  '100x1': {
    rate: [
      { of: stateful, goal: 2, stretch: 3 },
      { of: stateless, goal: 1.3, stretch: 2 },
    ],
    cpu: { goal: 70, stretch: 45 },
  },
  '400x1': { rate: [{ of: stateful, goal: 2 }], share: { of: '100x1', goal: 0.8 } },
  '1000x1': { rate: [{ of: stateful, goal: 2 }], share: { of: '100x1', goal: 0.8 } },
  'fan-out:200x50': { share: { of: '4x50', goal: 0.8 } },
  calls: { rate: [{ of: stateful, goal: 2, stretch: 3 }] },
  presence: { rate: [{ of: stateful, goal: 2 }] },
  '8@4000': { p50: { goal: 1.5, stretch: 0.8 }, p99Of: stateful },
  '8@25000': { memoryOf: stateful },
};

/** The lines under the table of a pattern: what hub `name` was to show and whether it did. What was not measured is left out. */
export function goalLines(rows: readonly Row[], name: string, pattern: string): readonly string[] {
  const wanted = goals[pattern];
  const own = rows.filter((row) => row.hub === name && row.pattern === pattern);
  if (wanted === undefined || own.length === 0) return [];
  const { rate = [], cpu, p50, p99Of, memoryOf, share } = wanted;
  const of = (field: 'cpu' | 'p50' | 'memory'): number => median(own.map((row) => row[field]));
  const lines: string[] = [];
  const beside = ratios(rows, name).filter((one) => one.pattern === pattern);
  const ratioTo = (field: 'perSecond' | 'p99') => (peer: string) => beside.find((one) => one.peer === peer)?.[field];
  for (const { of: peer, ...mark } of rate) lines.push(...held('at least # x the rate of', peer, mark, ratioTo('perSecond'), 'least'));
  // Equal is enough.
  if (p99Of !== undefined) lines.push(...held('p99 at most # x that of', p99Of, { goal: 1 }, ratioTo('p99'), 'most'));
  if (cpu !== undefined) lines.push(line('at most # us of CPU a transaction', cpu, of('cpu'), 1, 'most'));
  if (p50 !== undefined) lines.push(line('p50 at most # ms', p50, of('p50'), 2, 'most'));
  const memoryTo = (peer: string): number | undefined => {
    const found = rows.filter((row) => row.hub === peer && row.pattern === pattern).map((row) => row.memory);
    return found.length === 0 ? undefined : of('memory') / median(found);
  };
  if (memoryOf !== undefined) lines.push(...held('memory at most # x that of', memoryOf, { goal: 1 }, memoryTo, 'most'));
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

/**
 * A goal set against a peer, in one line; none where the peer was not measured in either manner. One ratio is judged; another stands
 * behind the verdict and says whose it is.
 */
function held(
  words: string,
  { packaged, best }: Peer,
  mark: Mark,
  ratioTo: (peer: string) => number | undefined,
  side: Side,
): readonly string[] {
  const [judged, other] = [ratioTo(best), ratioTo(packaged)];
  if (judged !== undefined) {
    const beside = other === undefined ? '' : `; not judged: ${other.toFixed(2)} x ${packaged}, whose allocator checks itself`;
    return [`${line(`${words} ${best}`, mark, judged, 2, side)}${beside}`];
  }
  return other === undefined ? [] : [line(`${words} ${packaged}, for want of ${best}`, mark, other, 2, side)];
}

function line(words: string, { goal, stretch }: Mark, found: number, digits: number, side: Side): string {
  const reaches = (mark: number): boolean => (side === 'least' ? found >= mark : found <= mark);
  const better = stretch === undefined ? '' : ` (stretch ${stretch})`;
  const verdict = stretch !== undefined && reaches(stretch) ? 'kept, the stretch too' : reaches(goal) ? 'kept' : 'MISSED';
  return `  goal: ${words.replace('#', goal.toFixed(digits))}${better}: ${found.toFixed(digits)}  ${verdict}`;
}
