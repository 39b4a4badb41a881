import type {
  InstanceTraffic,
  MemberTraffic,
  PairTraffic,
  TrafficFrame,
  TrafficPoint,
} from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { emptyTally } from '@guildhall/proto/traffic/sums';
import type { Totals } from './totals.js';

/** How a member stands, from the reports of all instances. */
export interface Standing {
  inFlight: number;
  connections: number;
  linksUp: number;
  linksDown: number;
  waiting: number;
  /** Earliest end of its certificates, ms since 1970; 0: none was seen. */
  certificateEnds: number;
}

/** What a frame says besides what was counted. */
export interface FrameFacts {
  /** Wall clock, ms since 1970. */
  readonly at: number;
  readonly number: number;
  readonly console: string;
  readonly sampled: number;
  readonly instances: InstanceTraffic[];
  readonly dropped: number;
  readonly lost: number;
  readonly behind: number;
  readonly standing: ReadonlyMap<string, Standing>;
  /** Instances that are there and have not reported yet: "relay relay-1". */
  readonly unheard: readonly string[];
}

/** Every member and every pair that is known, for a full frame. */
export interface Known {
  readonly members: Iterable<string>;
  readonly pairs: Iterable<{ readonly from: string; readonly to: string }>;
}

const dayMs = 86_400_000;
/** What an instance said of itself counts as long as it speaks. */
const speaksS = 5;
const nothing: Standing = { inFlight: 0, connections: 0, linksUp: 0, linksDown: 0, waiting: 0, certificateEnds: 0 };

/** A frame of members and pairs with traffic, and of members that stand otherwise than in `before`. */
export function makeFrame(totals: Totals, facts: FrameFacts, before: ReadonlyMap<string, Standing>): TrafficFrame {
  const { standing, at } = facts;
  const changed = [...standing.keys()].filter((id) => !stands(before.get(id), standing.get(id)));
  const gone = [...before.keys()].filter((id) => !standing.has(id));
  const ids = new Set([...totals.members.keys(), ...changed, ...gone]);
  const all = [...standing.values()];
  return {
    at: BigInt(at),
    number: BigInt(facts.number),
    console: facts.console,
    full: false,
    sampled: facts.sampled,
    all: totals.all,
    reasons: totals.reasons,
    members: [...ids].map((id) => memberTraffic(id, totals, standing.get(id) ?? nothing, at)),
    pairs: totals.pairs,
    otherPairs: totals.otherPairs,
    instances: facts.instances,
    dropped: BigInt(facts.dropped),
    lost: BigInt(facts.lost),
    behind: BigInt(facts.behind),
    inFlight: facts.instances.reduce((sum, one) => sum + (one.service === 'ingress' && one.silentS <= speaksS ? one.inFlight : 0), 0),
    connections: all.reduce((sum, { connections }) => sum + connections, 0),
    more: false,
    unheard: [...facts.unheard],
  };
}

/** The same frame with everybody in it who is known. */
export function makeFull(frame: TrafficFrame, known: Known, standing: ReadonlyMap<string, Standing>): TrafficFrame {
  if (frame.full) return frame;
  const members = new Set(frame.members.map(({ member }) => member));
  const pairs = new Set(frame.pairs.map(({ from, to }) => `${from} ${to}`));
  const others = new Set([...known.members, ...standing.keys()].filter((id) => id !== '' && !members.has(id)));
  const at = Number(frame.at);
  const quietMembers = [...others].map((id) => memberTraffic(id, undefined, standing.get(id) ?? nothing, at));
  const quietPairs: PairTraffic[] = [];
  for (const { from, to } of known.pairs) if (!pairs.has(`${from} ${to}`)) quietPairs.push({ from, to, tally: emptyTally(), reasons: [] });
  return { ...frame, full: true, members: [...frame.members, ...quietMembers], pairs: [...frame.pairs, ...quietPairs] };
}

/** Only these members, and pairs with one of them; of nobody: all. */
export function cutFrame(frame: TrafficFrame, wanted: ReadonlySet<string>): TrafficFrame {
  return wanted.size === 0 ? frame : { ...frame, ...cut(frame, wanted) };
}

/** The same of a point. */
export function cutPoint(point: TrafficPoint, wanted: ReadonlySet<string>): TrafficPoint {
  return wanted.size === 0 ? point : { ...point, ...cut(point, wanted) };
}

/** A point of history. */
export function makePoint(
  totals: Totals,
  of: { from: number; length: number; sampled: number; dropped: number; lost: number },
): TrafficPoint {
  return {
    from: BigInt(of.from),
    length: BigInt(of.length),
    all: totals.all,
    reasons: totals.reasons,
    members: [...totals.members.keys()].map((id) => memberTraffic(id, totals, nothing, of.from)),
    pairs: totals.pairs,
    otherPairs: totals.otherPairs,
    sampled: of.sampled,
    dropped: BigInt(of.dropped),
    lost: BigInt(of.lost),
    console: '',
    part: 0,
    lastPart: true,
  };
}

/** What a frame counted, as a point of history of the second that it ended. */
export function pointOf(frame: TrafficFrame, length: number): TrafficPoint {
  return {
    from: frame.at - BigInt(length),
    length: BigInt(length),
    all: frame.all,
    reasons: frame.reasons,
    members: frame.members,
    pairs: frame.pairs,
    otherPairs: frame.otherPairs,
    sampled: frame.sampled,
    dropped: frame.dropped,
    lost: frame.lost,
    console: '',
    part: 0,
    lastPart: true,
  };
}

function cut(of: { members: readonly MemberTraffic[]; pairs: readonly PairTraffic[] }, wanted: ReadonlySet<string>) {
  return {
    members: of.members.filter(({ member }) => wanted.has(member)),
    pairs: of.pairs.filter(({ from, to }) => wanted.has(from) || wanted.has(to)),
  };
}

function memberTraffic(member: string, totals: Totals | undefined, standing: Standing, at: number): MemberTraffic {
  const counted = totals?.members.get(member);
  const { certificateEnds, ...counts } = standing;
  return {
    member,
    sent: counted?.sent ?? emptyTally(),
    received: counted?.received ?? emptyTally(),
    reasons: counted?.reasons ?? [],
    ...counts,
    certificateDays: certificateEnds === 0 ? undefined : (certificateEnds - at) / dayMs,
  };
}

function stands(a: Standing | undefined, b: Standing | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.inFlight === b.inFlight &&
    a.connections === b.connections &&
    a.linksUp === b.linksUp &&
    a.linksDown === b.linksDown &&
    a.waiting === b.waiting &&
    a.certificateEnds === b.certificateEnds
  );
}
