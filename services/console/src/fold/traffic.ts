import { RecordKind } from '@guildhall/proto/gen/guildhall/bus/v1/record';
import type { TrafficFrame, TrafficPoint } from '@guildhall/proto/gen/guildhall/metrics/v1/traffic';
import type { RecordColumns } from '@guildhall/proto/records/record-columns';
import { type BookLimits, createBook, framePeriod } from './book.js';
import { foldBatch } from './fold.js';
import { type FrameFacts, type Known, makeFrame, makePoint, type Standing } from './frame.js';
import type { Losses } from './losses.js';
import { createMinuteClock, minuteMs, periodOf } from './minutes.js';
import { createReasonTable } from './reasons.js';
import { closePeriod, isNothing, lookAtPeriod } from './totals.js';

/** How a batch came. */
export interface Arrival {
  /** When it was stored, ms since 1970. */
  readonly stored: number;
  /** How many batches it stands for. */
  readonly times: number;
  /** Whether it counts in frames: what is read again only to complete a minute does not. */
  readonly live: boolean;
}

/** Figures of traffic, folded from records: pure, so that whoever folds the same batches has the same figures. */
export interface Traffic {
  /** Counts a batch. Answers the points of the minutes that are over by it. */
  batch(batch: RecordColumns, arrival: Arrival): TrafficPoint[];
  /** Nothing more comes of what was stored before that time: points of the minutes that are over by it. */
  quiet(stored: number): TrafficPoint[];
  /** Points of the minutes that are not over, as far as they were counted. */
  unfinished(): TrafficPoint[];
  /** What was counted since the frame before. */
  frame(facts: Omit<FrameFacts, 'dropped' | 'lost'>, caughtUp: boolean): TrafficFrame;
  readonly known: Known;
  sizes(): { readonly members: number; readonly pairs: number };
}

/** What is told apart. */
export interface TrafficLimits extends BookLimits {
  /** Codes of reasons. */
  readonly reasons: number;
}

/** A batch may come so late and still count in the minute of its own time, ms. */
export const graceMs = 10_000;
/** Frames between two elections of the pairs that are told apart. */
const electionFrames = 60;

/** `done`: the beginning of the last minute whose point is stored, ms since 1970; 0: none is. */
export function createTraffic(limits: TrafficLimits, losses: Losses, done: number): Traffic {
  const book = createBook(limits);
  const reasons = createReasonTable(limits.reasons);
  const minutes = createMinuteClock(graceMs, done);
  /** What belongs to a minute and no member: by its beginning. */
  const extras = new Map<number, { sampled: number; dropped: number; lost: number }>();
  let standing: ReadonlyMap<string, Standing> = new Map();
  let frames = 0;
  let waiting = { dropped: 0, lost: 0 };

  const extraOf = (minute: number): { sampled: number; dropped: number; lost: number } => {
    const known = extras.get(minute) ?? { sampled: 1, dropped: 0, lost: 0 };
    extras.set(minute, known);
    return known;
  };
  const closeMinutes = (over: readonly number[]): TrafficPoint[] =>
    over.flatMap((minute) => {
      const extra = extraOf(minute);
      extras.delete(minute);
      extra.dropped += waiting.dropped;
      extra.lost += waiting.lost;
      waiting = { dropped: 0, lost: 0 };
      const totals = closePeriod(book, reasons, periodOf(minute));
      return isNothing(totals) && extra.dropped + extra.lost === 0 ? [] : [makePoint(totals, { from: minute, length: minuteMs, ...extra })];
    });

  return {
    batch(batch, { stored, times, live }) {
      const points = closeMinutes(minutes.over(stored));
      const minute = minutes.place(batch.at, stored);
      if (minute !== undefined) {
        const extra = extraOf(minute);
        extra.sampled = Math.max(extra.sampled, times);
      }
      foldBatch(book, reasons, batch, {
        minute: minute === undefined ? undefined : periodOf(minute),
        frame: live,
        times,
        reasons: limits.reasons,
      });
      losses.batch(batch, relayedOf(batch), times === 1);
      return points;
    },
    quiet: (stored) => closeMinutes(minutes.over(stored)),
    unfinished: () =>
      minutes
        .open()
        .map((minute) => makePoint(lookAtPeriod(book, reasons, periodOf(minute)), { from: minute, length: minuteMs, ...extraOf(minute) })),
    frame(facts, caughtUp) {
      const totals = closePeriod(book, reasons, framePeriod);
      const { dropped, lost } = losses.take(caughtUp);
      waiting = { dropped: waiting.dropped + dropped, lost: waiting.lost + lost };
      const frame = makeFrame(totals, { ...facts, dropped, lost }, standing);
      standing = new Map(facts.standing);
      frames += 1;
      if (frames % electionFrames === 0) book.elect();
      return frame;
    },
    known: {
      members: { [Symbol.iterator]: () => idsIn(book.members()) },
      pairs: { [Symbol.iterator]: () => pairsOf(book.members()) },
    },
    // Nobody, of whom records without a target speak, is no member.
    sizes: () => ({ members: [...idsIn(book.members())].length, pairs: book.pairs() }),
  };
}

/** Records of a batch whose final answer a relay told, by relay. */
function relayedOf({ count, kind, relay, name }: RecordColumns): Map<string, number> {
  const relayed = new Map<string, number>();
  let place = 0;
  let run = 0;
  const put = (): void => {
    if (place !== 0 && run > 0) relayed.set(name(place), (relayed.get(name(place)) ?? 0) + run);
    run = 0;
  };
  for (let index = 0; index < count; index += 1) {
    if (kind[index] !== RecordKind.TRANSACTION) continue;
    if (relay[index] !== place) {
      put();
      place = relay[index] ?? 0;
    }
    run += 1;
  }
  put();
  return relayed;
}

function* idsIn(members: Iterable<{ readonly id: string }>): Generator<string> {
  for (const { id } of members) if (id !== '') yield id;
}

function* pairsOf(members: Iterable<{ readonly id: string; readonly pairs: ReadonlyMap<{ readonly id: string }, unknown> }>) {
  for (const { id, pairs } of members) for (const to of pairs.keys()) yield { from: id, to: to.id };
}
