import { InstanceReport, type MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { subjects } from '@guildhall/proto/subjects';
import { buildVersion } from './build.js';
import type { Bus } from './bus.js';
import { monotonic } from './clock.js';
import { createLoopLag, followLoopLag } from './loop-lag.js';
import { reportBounds, reportId, reportText } from './report-bounds.js';
import type { Self } from './roster.js';

/** What only some services have to say. */
export type OwnFigures = Pick<
  InstanceReport,
  | 'leads'
  | 'membershipVersion'
  | 'overload'
  | 'recordsMade'
  | 'recordsStored'
  | 'recordsDropped'
  | 'recordsWaiting'
  /** Goes into the first part only. */
  | 'told'
>;

/** What an instance is asked when it reports. */
export interface InstanceFacts {
  /** What /readyz asks. */
  readonly ready: () => { ok: boolean; reasons: readonly string[] };
  readonly inFlight: () => number;
  /** ms by which the event loop runs late. Default: it is measured here. */
  readonly lag?: () => number;
  readonly figures?: () => Partial<OwnFigures>;
  /**
   * Members with connections, links or traffic. It is read page by page while other things go on, so that a large community never holds up
   * the event loop: a generator over a live Map will do.
   */
  readonly members?: () => Iterable<MemberState>;
}

/** How often an instance reports, and how long it leaves the event loop alone between two parts of a report, ms. */
const every = { report: 1000, part: 20 } as const;

/** A part is closed when it holds so many bytes of members, roughly; what one member and the rest may add stays within `reportBounds.bytes`. */
const partBytes = 96 * 1024;

/** A report under way: its parts have the same `at`. */
interface Run {
  readonly at: bigint;
  readonly members: Iterator<MemberState>;
  part: number;
}

/**
 * Reports at once, then every second, and whenever NATS is back. Returns how to stop, which says a last time how things stand, without members.
 * `wall` is ms since 1970.
 */
export function startInstanceReport(
  bus: Pick<Bus, 'publish' | 'connected' | 'onConnected' | 'maxPayload'>,
  self: Self,
  facts: InstanceFacts,
  wall: () => number,
): () => void {
  const subject = subjects.report(self.service, self.id);
  const name = { service: self.service, id: self.id, epoch: self.epoch, version: buildVersion(), started: whole64(wall()) };
  const room = Math.min(partBytes, bus.maxPayload / 8);
  const own = createLoopLag(monotonic());
  const stopLag = facts.lag === undefined ? followLoopLag(own, monotonic) : () => undefined;
  const lag = facts.lag ?? own.ms;
  let run: Run | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** Says the next part; true when it was the last. */
  const say = (current: Run): boolean => {
    const { page, over } = nextPage(current.members, room);
    const { ok, reasons } = facts.ready();
    const { told = [], ...figures } = facts.figures?.() ?? {};
    const report: InstanceReport = {
      ...bounded(figures),
      ...name,
      at: current.at,
      ready: ok,
      reasons: reasons.slice(0, reportBounds.reasons).map((reason) => reportText(reason, reportBounds.reason)),
      lag: whole(lag()),
      memory: whole64(process.memoryUsage.rss()),
      inFlight: whole(facts.inFlight()),
      part: current.part,
      lastPart: over,
      members: page,
      told: current.part === 0 ? told.slice(0, reportBounds.told) : [],
    };
    bus.publish(subject, InstanceReport.encode(report).finish());
    current.part += 1;
    return over;
  };

  const goOn = (): void => {
    timer = undefined;
    if (run === undefined) return;
    if (!bus.connected() || say(run)) run = undefined;
    else timer = setTimeout(goOn, every.part).unref();
  };
  const begin = (): void => {
    // A community so large that its report takes longer than a second is reported less often.
    if (run !== undefined || !bus.connected()) return;
    run = { at: whole64(wall()), members: (facts.members?.() ?? [])[Symbol.iterator](), part: 0 };
    goOn();
  };

  const forgetBus = bus.onConnected((up) => {
    if (up) begin();
  });
  const reporting = setInterval(begin, every.report).unref();
  begin();
  return () => {
    clearInterval(reporting);
    clearTimeout(timer);
    forgetBus();
    stopLag();
    if (bus.connected()) say({ at: whole64(wall()), members: [][Symbol.iterator](), part: 0 });
  };
}

function nextPage(members: Iterator<MemberState>, room: number): { page: MemberState[]; over: boolean } {
  const page: MemberState[] = [];
  let bytes = 0;
  while (page.length < reportBounds.members && bytes < room) {
    const next = members.next();
    if (next.done === true) return { page, over: true };
    if (!reportId.test(next.value.member)) continue;
    const state = boundedMember(next.value);
    bytes += sizeOf(state);
    page.push(state);
  }
  return { page, over: false };
}

/** A number that does not fit its field must not end the process. */
function whole(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(0, Math.trunc(value)), 0xffffffff) : 0;
}

function whole64(value: number): bigint {
  return BigInt(Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0);
}

function natural(value: bigint): bigint {
  return value < 0n ? 0n : BigInt.asUintN(64, value);
}

function bounded(figures: Omit<Partial<OwnFigures>, 'told'>): Omit<OwnFigures, 'told'> {
  return {
    leads: figures.leads ?? false,
    overload: figures.overload ?? '',
    membershipVersion: natural(figures.membershipVersion ?? 0n),
    recordsMade: natural(figures.recordsMade ?? 0n),
    recordsStored: natural(figures.recordsStored ?? 0n),
    recordsDropped: natural(figures.recordsDropped ?? 0n),
    recordsWaiting: whole(figures.recordsWaiting ?? 0),
  };
}

function boundedMember(state: MemberState): MemberState {
  return {
    member: state.member,
    connections: whole(state.connections),
    inFlight: whole(state.inFlight),
    certificateEnds: natural(state.certificateEnds),
    waiting: whole(state.waiting),
    links: state.links.slice(0, reportBounds.links).map((link) => ({
      address: reportText(link.address, reportBounds.address),
      state: link.state,
      why: reportText(link.why, reportBounds.why),
      certificateEnds: natural(link.certificateEnds),
    })),
  };
}

/** Bytes of a member in a report, at most: ids and addresses are ASCII. */
function sizeOf({ member, links }: MemberState): number {
  let bytes = member.length + 40;
  for (const link of links) bytes += link.address.length + 3 * link.why.length + 40;
  return bytes;
}
