import type { ReasonCode } from '@guildhall/proto/reason';

/** What a discovered partner may do; see Discovery of the community file. */
export interface Bounds {
  readonly requestsPerSecond: number;
  /** Different users it may address. */
  readonly contacts: number;
  /** Requests a second once most of what it sends fails. */
  readonly suspectRequestsPerSecond: number;
}

/** What is kept of a discovered partner that sends: fields the hot path writes and the watch list reads. Times are monotonic ms. */
export interface Conduct {
  bounds: Bounds;
  /** The part of the bounds that this ingress allows, so that all of them together keep to them: 1 of one, 0.5 of two. */
  share: number;
  /** Token bucket of requests. */
  tokens: number;
  filledAt: number;
  /** Users it addressed, as they stand in Request-URIs, in the period that began at `since`. */
  readonly contacts: Set<string>;
  since: number;
  /** Final responses that succeeded and that failed, both halved now and then so that the past fades. */
  good: number;
  bad: number;
  /** Held to the lower rate. */
  suspect: boolean;
  /** Requests that its bounds refused, since the start. */
  overRate: number;
  overContacts: number;
}

/** Contacts are counted anew after this, ms: the report period of the field's own watch lists. */
const period = 3_600_000;
/** So many final responses are needed before they say anything. */
const fewest = 20;
/** Counts are halved when there are so many. */
const fades = 200;
/** More failures than this share of all make it suspect, fewer than the other make it good again. */
const suspectFrom = 0.6;
const goodBelow = 0.4;
/** Characters of an address that are looked at: longer ones count as the same user. */
const longestContact = 256;

/** The record of somebody that has done nothing yet: its first second's worth is at hand. */
export function newConduct(bounds: Bounds, now: number): Conduct {
  return {
    bounds,
    share: 1,
    tokens: bounds.requestsPerSecond,
    filledAt: now,
    contacts: new Set(),
    since: now,
    good: 0,
    bad: 0,
    suspect: false,
    overRate: 0,
    overContacts: 0,
  };
}

/** Requests a second that are taken of it here. */
export function rateOf({ bounds, share, suspect }: Conduct): number {
  const whole = suspect ? Math.min(bounds.requestsPerSecond, bounds.suspectRequestsPerSecond) : bounds.requestsPerSecond;
  return whole * share;
}

/**
 * Whether one more request may pass, to this user: '' when it may, else a code of the reason table. `contact` is the user as the Request-URI
 * names it, undefined for what is in a dialog: that user is known. Keeps books either way.
 */
export function held(conduct: Conduct, contact: string | undefined, now: number): ReasonCode | '' {
  const rate = rateOf(conduct);
  conduct.tokens = Math.min(Math.max(1, rate), conduct.tokens + (Math.max(0, now - conduct.filledAt) * rate) / 1000);
  conduct.filledAt = now;
  if (conduct.tokens < 1) {
    conduct.overRate += 1;
    return 'partner-rate';
  }
  conduct.tokens -= 1;
  if (contact === undefined) return '';
  if (now - conduct.since >= period) {
    conduct.contacts.clear();
    conduct.since = now;
  }
  const user = contact.slice(0, longestContact);
  if (conduct.contacts.has(user)) return '';
  if (conduct.contacts.size >= Math.max(1, conduct.bounds.contacts * conduct.share)) {
    conduct.overContacts += 1;
    return 'partner-contacts';
  }
  conduct.contacts.add(user);
  return '';
}

/** A final response went to it. True when that made it suspect. A 401, 407 or 3xx is neither good nor bad: it asks for more. */
export function noteFinal(conduct: Conduct, status: number): boolean {
  if (status >= 200 && status < 300) conduct.good += 1;
  else if (status >= 400 && status !== 401 && status !== 407) conduct.bad += 1;
  const all = conduct.good + conduct.bad;
  if (all < fewest) return false;
  const share = conduct.bad / all;
  const was = conduct.suspect;
  conduct.suspect = was ? share >= goodBelow : share >= suspectFrom;
  if (all >= fades) {
    conduct.good /= 2;
    conduct.bad /= 2;
  }
  return conduct.suspect && !was;
}
