import type { MemberTraffic, TrafficFrame } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import { addFrames, emptyTally } from '@guildhall/proto/traffic/sums';

/** What the last seconds together show. */
export interface Picture {
  /** Counters of all seconds, the rest as it is now. Lists every member that is known, those without traffic too. */
  readonly sum: TrafficFrame;
  /** So many seconds, 1 at least: what counters are divided by. */
  readonly seconds: number;
}

/** The frames of the last seconds. */
export interface TrafficWindow {
  add(frame: TrafficFrame): void;
  /** Undefined before the first frame. */
  picture(): Picture | undefined;
  /** Another feed begins: numbers and counters of the one before mean nothing beside it. */
  clear(): void;
}

/** Keeps frames no older than `seconds` before the newest. Members of which nothing is told any more stay with how they stood last. */
export function createWindow(seconds: number): TrafficWindow {
  let frames: TrafficFrame[] = [];
  let known = new Map<string, MemberTraffic>();
  return {
    add(frame) {
      // A full frame names everybody: who is not in it is gone.
      if (frame.full) known = new Map();
      for (const one of frame.members) known.set(one.member, one);
      frames.push(frame);
      const oldest = Number(frame.at) - seconds * 1000;
      frames = frames.filter(({ at }) => Number(at) > oldest);
    },
    picture() {
      const [first, ...others] = frames;
      const last = frames.at(-1);
      if (first === undefined || last === undefined) return undefined;
      const sum = others.reduce(addFrames, first);
      const counted = new Map(sum.members.map((one) => [one.member, one]));
      const members = [...known.values()].map((now) => {
        const { sent = emptyTally(), received = emptyTally(), reasons = [] } = counted.get(now.member) ?? {};
        return { ...now, sent, received, reasons };
      });
      return { sum: { ...sum, members }, seconds: Math.max(1, Math.round((Number(last.at) - Number(first.at)) / 1000) + 1) };
    },
    clear() {
      frames = [];
      known = new Map();
    },
  };
}
