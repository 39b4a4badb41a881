import type { InstanceReport, MemberState } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import type { LinkStatus } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import type { InstanceTraffic } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import type { Standing } from './fold/frame.js';

/** What all instances of the hub's services said of themselves. */
export interface Reports {
  hear(report: InstanceReport, now: number): void;
  /** Those heard of lately, with how long ago; by service and id. */
  instances(now: number): InstanceTraffic[];
  /** How every member stands, put together from those that are not silent. Made anew each time. */
  standing(now: number): Map<string, Standing>;
  links(now: number): LinkStatus[];
  /** Those of these instances of which no whole report was heard yet, "relay relay-1". */
  unheard(there: readonly Named[]): string[];
}

/** An instance as its hello names it. */
export interface Named {
  readonly service: string;
  readonly id: string;
  readonly epoch: string;
}

interface Known {
  report: InstanceReport;
  heard: number;
  members: readonly MemberState[];
  /** Of the report whose parts are coming in. */
  parts: MemberState[];
  partsAt: bigint;
  next: number;
  /** The incarnation of which a whole report was heard; '' of none. */
  whole: string;
}

/** What an instance said counts as long as it speaks; after a while of silence it is forgotten. ms. */
const speaksMs = 5000;
const forgottenMs = 60_000;
/** One that said that it ends is forgotten sooner. */
const endedMs = 10_000;
const mostInstances = 1000;

/** `limits.members`: members of one instance, and in all. Times are monotonic ms. */
export function createReports(limits: { readonly members: number }): Reports {
  const known = new Map<string, Known>();

  const forget = (now: number): void => {
    for (const [key, { heard, report }] of known) if (now - heard > (report.ready ? forgottenMs : endedMs)) known.delete(key);
  };
  const speaking = (now: number): Known[] => [...known.values()].filter(({ heard }) => now - heard <= speaksMs);
  const collect = (one: Known, report: InstanceReport): void => {
    if (report.part === 0) {
      one.parts = [];
      one.partsAt = report.at;
      one.next = 0;
    }
    if (report.part !== one.next || report.at !== one.partsAt) return;
    one.next += 1;
    if (one.parts.length < limits.members) one.parts.push(...report.members);
    if (!report.lastPart) return;
    one.members = one.parts;
    one.whole = report.epoch;
  };

  return {
    hear(report, now) {
      const key = `${report.service} ${report.id}`;
      const before = known.get(key);
      if (before === undefined && known.size >= mostInstances) {
        forget(now);
        if (known.size >= mostInstances) return;
      }
      const one = before ?? { report, heard: now, members: [], parts: [], partsAt: -1n, next: 0, whole: '' };
      if (one.report.epoch !== report.epoch) one.members = [];
      one.report = report;
      one.heard = now;
      collect(one, report);
      known.set(key, one);
    },
    instances(now) {
      forget(now);
      return [...known.values()].map((one) => instanceTraffic(one, now)).sort(byName);
    },
    standing(now) {
      const all = new Map<string, Standing>();
      for (const { members, report } of speaking(now)) {
        for (const state of members) {
          const one = all.get(state.member) ?? { inFlight: 0, connections: 0, linksUp: 0, linksDown: 0, waiting: 0, certificateEnds: 0 };
          if (!all.has(state.member) && all.size >= limits.members) continue;
          all.set(state.member, one);
          addState(one, state, report.service);
        }
      }
      return all;
    },
    links: (now) =>
      speaking(now).flatMap(({ report, members }) =>
        members.flatMap(({ member, links }) => links.map(({ address, state, why }) => ({ member, relay: report.id, address, state, why }))),
      ),
    unheard: (there) =>
      there.filter(({ service, id, epoch }) => known.get(`${service} ${id}`)?.whole !== epoch).map(({ service, id }) => `${service} ${id}`),
  };
}

/** A link that carries nothing is neither up nor down until somebody needs it. */
const quiet: ReadonlySet<string> = new Set(['idle', 'closed']);

function addState(one: Standing, { connections, inFlight, certificateEnds, links, waiting }: MemberState, service: string): void {
  one.connections += connections;
  if (service === 'ingress') one.inFlight += inFlight;
  one.waiting += waiting;
  noteEnd(one, certificateEnds);
  for (const link of links) {
    if (link.state === 'up') one.linksUp += 1;
    else if (!quiet.has(link.state)) one.linksDown += 1;
    noteEnd(one, link.certificateEnds);
  }
}

function noteEnd(one: Standing, ends: bigint): void {
  const at = Number(ends);
  if (at > 0 && (one.certificateEnds === 0 || at < one.certificateEnds)) one.certificateEnds = at;
}

function instanceTraffic({ report, heard }: Known, now: number): InstanceTraffic {
  return {
    service: report.service,
    id: report.id,
    epoch: report.epoch,
    version: report.version,
    ready: report.ready,
    reasons: [...report.reasons],
    leads: report.leads,
    lagMs: report.lag,
    memoryBytes: report.memory,
    inFlight: report.inFlight,
    overload: report.overload,
    silentS: (now - heard) / 1000,
    recordsMade: report.recordsMade,
    recordsStored: report.recordsStored,
    recordsDropped: report.recordsDropped,
    upS: report.at > report.started ? Number(report.at - report.started) / 1000 : 0,
    membershipVersion: report.membershipVersion,
  };
}

function byName(a: InstanceTraffic, b: InstanceTraffic): number {
  return `${a.service} ${a.id}` < `${b.service} ${b.id}` ? -1 : 1;
}
