import type { Rule, TimeWindow } from './rule.js';

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
const weekMs = 7 * dayMinutes * minuteMs;
/** The first moment of a Sunday in UTC: 1970 began on a Thursday. */
const aSunday = 3 * dayMinutes * minuteMs;

/** Milliseconds since the last Sunday began. */
function intoWeek(now: number): number {
  return (((now - aSunday) % weekMs) + weekMs) % weekMs;
}

/** Ms from `now` back to where the window began on this day, 0 to a week. */
function sinceStart({ fromMinute }: TimeWindow, day: number, now: number): number {
  const start = (day * dayMinutes + fromMinute) * minuteMs;
  return (intoWeek(now) - start + weekMs) % weekMs;
}

/** Whether a window is open at `now` (ms since 1970). */
export function isWithin(window: TimeWindow, now: number): boolean {
  return window.days.some((day) => sinceStart(window, day, now) < window.minutes * minuteMs);
}

/** Ms until a window next opens or closes; Infinity when it has no days. A moment at which one closes and the next opens counts too. */
function untilWindowTurns(window: TimeWindow, now: number): number {
  const length = window.minutes * minuteMs;
  const turns = window.days.flatMap((day) => {
    const since = sinceStart(window, day, now);
    return [weekMs - since, since < length ? length - since : weekMs - since + length];
  });
  return Math.min(Number.POSITIVE_INFINITY, ...turns);
}

/** Whether a rule is in force at `now` (ms since 1970): by its dates and its hours. */
export function inForce(rule: Rule, now: number): boolean {
  return now >= rule.validFrom && now < rule.validUntil && (rule.during === undefined || isWithin(rule.during, now));
}

/** Ms until time alone may change whether a rule is in force, more than 0; Infinity: never. */
export function untilTurns(rule: Rule, now: number): number {
  if (now >= rule.validUntil) return Number.POSITIVE_INFINITY;
  if (now < rule.validFrom) return rule.validFrom - now;
  const window = rule.during === undefined ? Number.POSITIVE_INFINITY : untilWindowTurns(rule.during, now);
  return Math.min(window, rule.validUntil - now);
}
