/** A place in a source: what a profile's line is called. */
export interface Place {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** What one place cost. */
export interface Cost extends Place {
  /** Microseconds in the profile. */
  readonly micros: number;
}

/** Where one process spent its time. */
export interface ProfileSummary {
  /** Microseconds not idle, by the clock on the wall. */
  readonly busy: number;
  readonly idle: number;
  /** Microseconds of processor time, helper threads included; 0 where it is not known. */
  readonly cpu: number;
  /** By function, time in itself, most first. */
  readonly self: readonly Cost[];
  /**
   * By function of ours, with the time of what it called outside of our sources (Node, libraries, the system), most first. What ours did
   * not call is charged to the library that did.
   */
  readonly own: readonly Cost[];
  /** By file, time in itself. */
  readonly files: readonly Cost[];
}

/** A profile as V8 writes it (.cpuprofile), as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number; readonly columnNumber: number };
    readonly children?: readonly number[] | undefined;
  }[];
  readonly samples?: readonly number[] | undefined;
  readonly timeDeltas?: readonly number[] | undefined;
  /** Not V8's: processor time the process used meanwhile, microseconds. */
  readonly cpuMicros?: number | undefined;
}

/** Where a function of compiled code stands in its source; line from 1. */
export type Locate = (url: string, line: number, column: number) => { readonly file: string; readonly line: number };

/** Whose a compiled file is: of this repository, of a library, of Node itself, or of the profiler, which is left out. */
export type Side = 'ours' | 'library' | 'node' | 'profiler';

/** @param sideOf whose the file at a URL is; '' is native code */
export function summarize(profile: CpuProfile, sideOf: (url: string) => Side, locate: Locate): ProfileSummary {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const self = new Map<string, Cost>();
  const own = new Map<string, Cost>();
  const files = new Map<string, Cost>();
  let busy = 0;
  let idle = 0;

  const placeOf = (id: number): Place => {
    const frame = nodes.get(id)?.callFrame;
    if (frame === undefined || frame.url === '') return { name: frame?.functionName || '(native)', file: '', line: 0 };
    return { name: frame.functionName || '(anonymous)', ...locate(frame.url, frame.lineNumber + 1, frame.columnNumber + 1) };
  };
  const firstAbove = (id: number, side: Side): number | undefined => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      if (sideOf(nodes.get(at)?.callFrame.url ?? '') === side) return at;
    }
    return undefined;
  };
  // One sample of a stack stands for the time since the sample before.
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const micros = Math.max(0, profile.timeDeltas?.[index] ?? 0);
    const place = placeOf(id);
    if (place.name === '(idle)') {
      idle += micros;
      continue;
    }
    if (firstAbove(id, 'profiler') !== undefined) continue;
    busy += micros;
    add(self, place, micros);
    add(files, { name: '', file: place.file === '' ? place.name : place.file, line: 0 }, micros);
    const owner = firstAbove(id, 'ours') ?? firstAbove(id, 'library');
    add(own, owner === undefined ? { name: '(Node itself)', file: '', line: 0 } : placeOf(owner), micros);
  }
  return { busy, idle, cpu: profile.cpuMicros ?? 0, self: sorted(self), own: sorted(own), files: sorted(files) };
}

function add(costs: Map<string, Cost>, place: Place, micros: number): void {
  const key = `${place.name} ${place.file}:${place.line}`;
  costs.set(key, { ...place, micros: micros + (costs.get(key)?.micros ?? 0) });
}

function sorted(costs: ReadonlyMap<string, Cost>): readonly Cost[] {
  return [...costs.values()].sort((a, b) => b.micros - a.micros);
}

/**
 * A process' summary for people, `top` lines in the longest table. Samples are taken by the clock on the wall, and whoever is put aside by the
 * system in the middle of a call seems to spend that time in it; so each function gets its share of the processor time that was used.
 */
export function renderProfile(title: string, summary: ProfileSummary, transactions: number, top: number): string {
  const busy = Math.max(1, summary.busy);
  const cpu = (summary.cpu === 0 ? summary.busy : summary.cpu) / Math.max(1, transactions);
  const line = (cost: Cost): string => {
    const share = cost.micros / busy;
    return `${(share * cpu).toFixed(2).padStart(8)}  ${(share * 100).toFixed(1).padStart(5)} %  ${label(cost)}`;
  };
  const table = (heading: string, costs: readonly Cost[], lines: number): string[] => [`  ${heading}`, ...costs.slice(0, lines).map(line)];
  const awake = ((summary.busy * 100) / Math.max(1, summary.busy + summary.idle)).toFixed(0);
  return [
    `${title}: ${cpu.toFixed(1)} us of CPU a transaction, awake ${awake} % of the time`,
    ...table('in itself, us/tx', summary.self, top),
    ...table('of ours, with what it called outside, us/tx', summary.own, Math.ceil(top * 0.6)),
    ...table('by file, us/tx', summary.files, Math.ceil(top * 0.4)),
    '',
  ].join('\n');
}

function label(cost: Cost): string {
  if (cost.file === '') return cost.name;
  if (cost.name === '') return cost.file;
  return `${cost.name}  ${cost.file}:${cost.line}`;
}
