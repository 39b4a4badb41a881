import { ApiFault } from '@guildhall/chassis/api/api-fault';
import type { StreamReader } from '@guildhall/chassis/stream-reader';
import type { QueryTrafficRequest, QueryTrafficResponse } from '@guildhall/proto/gen/guildhall/metrics/v1/metrics_service';
import { TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { streams } from '@guildhall/proto/subjects';
import { addPoints, addTallies } from '@guildhall/proto/traffic/sums';
import { cutPoint } from './fold/frame.js';
import { minuteMs } from './fold/minutes.js';
import { createPointParts } from './fold/parts.js';
import type { Seconds } from './seconds.js';

/** What history is made of. */
export interface HistoryNeeds {
  readonly reader: Pick<StreamReader, 'facts' | 'placeAt' | 'read'>;
  readonly seconds: Seconds;
  /** Points of minutes that are not known to be stored: over lately, or not over. Oldest first. */
  readonly recent: () => TrafficPoint[];
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
  /** Members' and pairs' figures in one answer. */
  readonly figures: number;
}

/** Traffic of the past. */
export type History = (request: QueryTrafficRequest, signal: AbortSignal) => Promise<QueryTrafficResponse>;

const secondMs = 1000;
const hourMs = 3_600_000;
/** Points of an answer whose resolution nobody asked for, and of any. */
const usualPoints = 1000;
const mostPoints = 10_000;
/** A minute is stored so long after it began, at most: else it is found further on. */
const storedLate = 2 * minuteMs;

/** Seconds from memory, minutes from the stream, hours as sums of minutes. Refuses with an ApiFault. */
export function createHistory(needs: HistoryNeeds): History {
  const { reader, seconds, wall } = needs;

  const storedMinutes = async (from: number, until: number, visit: (point: TrafficPoint) => void, signal: AbortSignal): Promise<void> => {
    const facts = await reader.facts(streams.traffic);
    if (facts === undefined || facts.messages === 0) return;
    const first = Math.max(await reader.placeAt(streams.traffic, from), facts.first);
    const parts = createPointParts();
    const look = ({ payload }: { readonly payload: Uint8Array }): void => {
      const part = readPoint(payload);
      const whole = part === undefined ? undefined : parts.add(part);
      if (whole !== undefined && Number(whole.from) >= from && Number(whole.from) < until) visit(whole);
    };
    await reader.read(streams.traffic, { from: first, to: facts.last }, look, signal);
  };
  const oldestMinute = async (signal: AbortSignal): Promise<number> => {
    const facts = await reader.facts(streams.traffic);
    const recent = Number(needs.recent()[0]?.from ?? BigInt(wall()));
    if (facts === undefined || facts.messages === 0) return recent;
    // Minutes that were counted from old records are stored much later than they were.
    let first = recent;
    const look = ({ payload }: { readonly payload: Uint8Array }): void => {
      first = Math.min(first, Number(readPoint(payload)?.from ?? BigInt(recent)));
    };
    await reader.read(streams.traffic, { from: facts.first, to: facts.first }, look, signal);
    return Math.min(first, facts.firstStored - storedLate);
  };
  /** Minutes, or hours, in order of time. */
  const minutes = async (plan: Plan, wanted: ReadonlySet<string>, signal: AbortSignal): Promise<TrafficPoint[]> => {
    const points = new Map<number, TrafficPoint>();
    const stored = new Set<bigint>();
    const budget = createBudget(needs.figures, plan);
    const add = (point: TrafficPoint): void => {
      if (stored.has(point.from)) return;
      stored.add(point.from);
      const start = Math.floor(Number(point.from) / plan.resolution) * plan.resolution;
      const cut = { ...cutPoint(point, wanted), from: BigInt(start), length: BigInt(plan.resolution) };
      const before = points.get(start);
      if (before === undefined && points.size >= mostPoints) throw tooMany();
      points.set(start, budget(before === undefined ? cut : addPoints(before, cut)));
    };
    await storedMinutes(plan.from, plan.until, add, signal);
    for (const point of needs.recent()) if (Number(point.from) >= plan.from && Number(point.from) < plan.until) add(point);
    return [...points.values()].sort((a, b) => Number(a.from - b.from));
  };

  return async (request, signal) => {
    const until = request.until === 0n ? wall() + secondMs : Number(request.until);
    const from = Number(request.from);
    if (from > until) throw new ApiFault('invalid', 'the time asked for ends before it begins');
    const wanted = new Set(request.members);
    try {
      const resolution = request.resolution === 0n ? await finest(from, until, signal) : Number(request.resolution);
      if (resolution === secondMs) {
        const oldest = seconds.oldest() ?? wall();
        if ((until - Math.max(from, oldest)) / secondMs > mostPoints) throw tooMany();
        const budget = createBudget(needs.figures, { from: Math.max(from, oldest), until, resolution });
        const points = [...seconds.between(from, until)].map((point) => budget(cutPoint(point, wanted)));
        return answer(points, resolution, from, oldest);
      }
      if (resolution !== minuteMs && resolution !== hourMs) throw new ApiFault('invalid', 'the resolution is 1000, 60000 or 3600000 ms');
      const oldest = await oldestMinute(signal);
      const begin = Math.max(from, oldest);
      if ((until - begin) / resolution > mostPoints) throw tooMany();
      const start = Math.floor(begin / resolution) * resolution;
      return answer(await minutes({ from: start, until, resolution }, wanted, signal), resolution, from, oldest);
    } catch (thrown) {
      if (thrown instanceof ApiFault) throw thrown;
      throw new ApiFault('unavailable', 'JetStream of NATS does not answer', 'ask again in a while', thrown);
    }
  };

  async function finest(from: number, until: number, signal: AbortSignal): Promise<number> {
    const known = seconds.oldest();
    if (known !== undefined && from >= known && until - from <= usualPoints * secondMs) return secondMs;
    return until - Math.max(from, await oldestMinute(signal)) <= usualPoints * minuteMs ? minuteMs : hourMs;
  }
}

interface Plan {
  readonly from: number;
  readonly until: number;
  readonly resolution: number;
}

function answer(points: TrafficPoint[], resolution: number, from: number, oldest: number): QueryTrafficResponse {
  return { points, resolution: BigInt(resolution), keptSince: from < oldest ? BigInt(Math.floor(oldest)) : 0n };
}

function tooMany(): ApiFault {
  return new ApiFault('limit', `these are more than ${mostPoints} points`, 'ask for a shorter time or a coarser resolution');
}

/** Keeps an answer within its figures: each point has its share, and its less used pairs are summed up where it has more. */
function createBudget(figures: number, { from, until, resolution }: Plan): (point: TrafficPoint) => TrafficPoint {
  const share = Math.max(10, Math.floor(figures / Math.max(1, Math.ceil((until - from) / resolution))));
  return (point) => {
    if (point.members.length > figures) {
      throw new ApiFault('limit', 'these are the figures of too many members', 'name the members');
    }
    const room = Math.max(share - point.members.length, 10);
    if (point.pairs.length <= room) return point;
    const pairs = [...point.pairs].sort((a, b) => Number((b.tally?.requests ?? 0n) - (a.tally?.requests ?? 0n)));
    const otherPairs = pairs.slice(room).reduce((sum, { tally }) => addTallies(sum, tally), point.otherPairs);
    return { ...point, pairs: pairs.slice(0, room), otherPairs };
  };
}

function readPoint(payload: Uint8Array): TrafficPoint | undefined {
  try {
    return TrafficPoint.decode(payload);
  } catch {
    return undefined;
  }
}
