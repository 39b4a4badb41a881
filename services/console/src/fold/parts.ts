import { MemberTraffic, PairTraffic, TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';

interface Piece {
  readonly members: MemberTraffic[];
  readonly pairs: PairTraffic[];
}

/** What is around members and pairs in a message is taken to be no longer than this, bytes. */
const rest = 64 * 1024;

/** A frame as messages of the bus, none much longer than `bytes`: all but the last say `more`, and only the first holds what is there once. */
export function framesOf(frame: TrafficFrame, bytes: number): Uint8Array[] {
  const parts = pieces(frame, bytes);
  return parts.map((part, index) => {
    const last = index === parts.length - 1;
    const whole = index === 0 ? frame : { ...TrafficFrame.create(), at: frame.at, number: frame.number, console: frame.console };
    return TrafficFrame.encode({ ...whole, ...part, full: frame.full, sampled: frame.sampled, more: !last }).finish();
  });
}

/** A point as messages of the stream, in the same way. */
export function pointsOf(point: TrafficPoint, console: string, bytes: number): Uint8Array[] {
  const parts = pieces(point, bytes);
  return parts.map((piece, part) => {
    const whole = part === 0 ? point : { ...TrafficPoint.create(), from: point.from, length: point.length };
    const lastPart = part === parts.length - 1;
    return TrafficPoint.encode({ ...whole, ...piece, sampled: point.sampled, console, part, lastPart }).finish();
  });
}

/** Puts points together again that come as messages, in the order of the stream. */
export interface PointParts {
  /** The point that this part makes complete; undefined: none yet, or one that was complete before. */
  add(part: TrafficPoint): TrafficPoint | undefined;
}

/** How many points may be incomplete at a time: as many as consoles. */
const mostOpen = 16;

/** Of a point that several consoles made, the first that is complete is the one. */
export function createPointParts(): PointParts {
  const open = new Map<string, TrafficPoint>();
  const complete = new Set<bigint>();

  const put = (key: string, point: TrafficPoint): void => {
    open.set(key, point);
    if (open.size <= mostOpen) return;
    for (const oldest of open.keys()) {
      open.delete(oldest);
      return;
    }
  };
  return {
    add(part) {
      if (complete.has(part.from)) return undefined;
      const key = `${part.from} ${part.console}`;
      const before = open.get(key);
      if (part.part === 0) put(key, part);
      else if (before === undefined || before.part !== part.part - 1) return undefined;
      else put(key, { ...before, part: part.part, members: [...before.members, ...part.members], pairs: [...before.pairs, ...part.pairs] });
      if (!part.lastPart) return undefined;
      const whole = open.get(key);
      open.delete(key);
      complete.add(part.from);
      return whole;
    },
  };
}

function pieces({ members, pairs }: { members: readonly MemberTraffic[]; pairs: readonly PairTraffic[] }, bytes: number): Piece[] {
  const room = Math.max(bytes - rest, rest);
  let piece: Piece = { members: [], pairs: [] };
  const all = [piece];
  let used = 0;
  const place = (length: number): Piece => {
    if (used > 0 && used + length > room) {
      piece = { members: [], pairs: [] };
      all.push(piece);
      used = 0;
    }
    used += length;
    return piece;
  };
  for (const member of members) place(MemberTraffic.encode(member).finish().length + 8).members.push(member);
  for (const pair of pairs) place(PairTraffic.encode(pair).finish().length + 8).pairs.push(pair);
  return all;
}
