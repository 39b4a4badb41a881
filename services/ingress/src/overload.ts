/** Whether the hub keeps up. Pure: the windows come from outside, and so does what is done about it. */
export type OverloadState =
  /** Whatever comes is taken. */
  | { readonly kind: 'calm' }
  /** Work had to wait too long in so many windows in a row, in the last of them so long, ms; at best so much was served a second. Where that stands it is no accident. */
  | { readonly kind: 'late'; readonly windows: number; readonly delay: number; readonly served: number }
  /** Only so many requests a second are taken. */
  | {
      readonly kind: 'shedding';
      readonly rate: number;
      /** What can be done, as far as it was seen: so much was served at best when the rate was too much last. */
      readonly ceiling: number;
      /** What is served a second, smoothed: answers come in batches. And the most of that since work began to wait, 0 while it does not. */
      readonly flow: number;
      readonly best: number;
      /** Whether work has been in time since the rate fell, and what it was before. */
      readonly drained: boolean;
      readonly was: number;
      /** As in the window before. */
      readonly delay: number;
      /** For so many ms the rate is left alone, so that what was taken before can drain and that is seen, unless work waits much longer than when it fell. */
      readonly settle: number;
      readonly fellAt: number;
      /** Windows in a row in which nobody wanted more than there is. */
      readonly spare: number;
    };

/** What one window showed: about a tenth of a second. */
export interface OverloadWindow {
  /** How long it was, ms. */
  readonly ms: number;
  /** How long work waits before it is begun, here or where it waits longest, ms. */
  readonly delay: number;
  /** Requests that were asked for, Infinity where it is not known how many more there would have been; and of those the ones that were taken. */
  readonly asked: number;
  readonly admitted: number;
  /** Final answers that left. */
  readonly served: number;
}

/** When the hub is late, and what it takes whatever happens. */
export interface OverloadSettings {
  /** ms. */
  readonly target: number;
  /** Requests a second that are always taken. */
  readonly floor: number;
}

/** How it begins. */
export const calm: OverloadState = { kind: 'calm' };

/** So many windows in a row must be late, fewer where the wait is so many times its target and grows, and never while it shrinks; late ones without end are too many whatever they do. */
const patience = { least: 3, fewer: 2, times: 4, most: 10 };
/**
 * The rate falls by what the delay is beyond its target, within these bounds; where that does not help, what can be done was less than it seemed,
 * by this factor. A delay is noticed later the longer it is: the rate is left alone for so many ms and so many times the delay, a second at most, unless
 * that grows so many times longer.
 */
const fall = { most: 0.6, least: 0.9, again: 0.75, settle: 200, times: 2, longest: 1_000, worse: 1.5 };
/** A delay that shrinks each window to this part, or by this part of the window, is what drains: the rate is low enough. */
const draining = { to: 0.9, by: 0.2 };
/**
 * When work waits no more the rate goes at once to this part of its ceiling. From there it grows each window, slowly where it is near its ceiling, and
 * faster the farther it is beyond: by this part of what it is beyond, up to a most; not where the delay is near its target.
 */
const rise = { from: 0.95, least: 1.03, beyond: 0.2, most: 1.1 };
/** What is served is smoothed over so many ms: what waited is answered at once when the hub goes on after a pause. */
const smooth = 250;
/** So many windows in a row must leave something over before everything is taken again. */
const enough = 3;

/**
 * What follows from one more window. Only a delay that stands counts: three windows in a row before anything is shed, two before the rate falls, so
 * that neither a long pause nor what it left behind counts, as long as that becomes less. The rate begins below what was served at best while work
 * waited, falls by a factor while it goes on waiting too long, and when it does not is soon again near what was served then: one that climbs from far
 * below serves less than can be served, and one that climbs fast is too much before that shows. When nobody asks for more, it is calm again.
 */
export function stepOverload(state: OverloadState, window: OverloadWindow, settings: OverloadSettings): OverloadState {
  const above = window.delay > settings.target;
  const perSecond = 1000 / Math.max(1, window.ms);
  switch (state.kind) {
    case 'calm':
      return above ? { kind: 'late', windows: 1, delay: window.delay, served: window.served * perSecond } : calm;
    case 'late': {
      if (!above) return calm;
      const { delay } = window;
      const windows = state.windows + 1;
      const served = Math.max(state.served, window.served * perSecond);
      const drains = delay < state.delay * draining.to && windows < patience.most;
      const grave = delay > settings.target * patience.times && delay > state.delay;
      if (windows < (grave ? patience.fewer : patience.least) || drains) return { kind: 'late', windows, delay, served };
      const taken = window.admitted * perSecond;
      const base = served === 0 ? taken : Math.min(taken, served);
      return fallen(base, base, served, window, settings);
    }
    case 'shedding':
      return above ? hold(state, window, perSecond, settings) : grow(state, window, perSecond, settings);
  }
}

type Shedding = Extract<OverloadState, { kind: 'shedding' }>;

function fallen(ceiling: number, was: number, flow: number, { delay }: OverloadWindow, { target, floor }: OverloadSettings): OverloadState {
  const rate = Math.max(floor, ceiling * Math.max(fall.most, Math.min(fall.least, target / Math.max(1, delay))));
  const settle = Math.min(fall.longest, fall.settle + fall.times * delay);
  return { kind: 'shedding', rate, ceiling, flow, best: 0, drained: false, was, delay, settle, fellAt: delay, spare: 0 };
}

function flowOf({ flow }: Shedding, { ms, served }: OverloadWindow, perSecond: number): number {
  return flow + (served * perSecond - flow) * Math.min(1, ms / smooth);
}

/** Work waits too long. */
function hold(state: Shedding, window: OverloadWindow, perSecond: number, settings: OverloadSettings): OverloadState {
  const { delay, ms } = window;
  const flow = flowOf(state, window, perSecond);
  const best = Math.max(state.best, flow);
  const settle = Math.max(0, state.settle - ms);
  const stands = state.delay > settings.target && delay >= Math.max(state.delay * draining.to, state.delay - ms * draining.by);
  if (!stands || (settle > 0 && delay < state.fellAt * fall.worse)) return { ...state, flow, best, delay, settle, spare: 0 };
  // Below what has just been too much it may be the same queue still.
  if (!state.drained) return fallen(Math.min(state.ceiling, state.rate / fall.most) * fall.again, state.was, flow, window, settings);
  // Where less was asked for than the rate allows, what was taken says nothing about what can be.
  const taken = window.asked * perSecond < state.rate ? state.rate : Math.min(state.rate, window.admitted * perSecond);
  // Answers that are long in coming, as of a phone that rings, are no sign of what can be done.
  return fallen(Math.min(taken, Math.max(best, taken * fall.most)), state.rate, flow, window, settings);
}

/** Work does not wait. */
function grow(state: Shedding, window: OverloadWindow, perSecond: number, { target }: OverloadSettings): OverloadState {
  const { rate } = state;
  const { delay } = window;
  const spare = window.asked * perSecond <= rate ? state.spare + 1 : 0;
  if (spare >= enough) return calm;
  const near = delay >= target / 2;
  const flow = flowOf(state, window, perSecond);
  // What waited was served as fast as it can be: after a pause that is more than was served when the rate fell.
  const ceiling = state.drained ? state.ceiling : Math.max(state.ceiling, Math.min(state.was, Math.max(state.best, flow)));
  const best = near ? Math.max(state.best, flow) : 0;
  const factor = near ? 1 : Math.min(rise.most, Math.max(rise.least, 1 + (rate / ceiling - 1) * rise.beyond));
  const grown = Math.max(rate * factor, near ? 0 : ceiling * rise.from);
  return { ...state, rate: spare > 0 ? rate : grown, ceiling, flow, best, drained: true, delay, settle: 0, spare };
}

/** Requests a second that are taken; Infinity when there is no bound. */
export function admittedRate(state: OverloadState): number {
  return state.kind === 'shedding' ? state.rate : Number.POSITIVE_INFINITY;
}
