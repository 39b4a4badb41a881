import { Fault } from '@guildhall/chassis/fault';
import { durationMs } from '@guildhall/chassis/units';
import { terminalText } from './world.js';

const day = /^\d{4}-\d{2}-\d{2}$/;
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const farthest = 100 * 366 * 86_400_000;

/**
 * A time of the command line as RFC 3339 in UTC: a date (its first moment, UTC), a whole time, or a span from `now` on such as 36h or 7d, to the
 * next whole second. "" and "none" are no time at all. Throws a Fault `usage`.
 */
export function instantOf(text: string, option: string, now: Date): string {
  if (text === '' || text === 'none') return '';
  if (day.test(text) || rfc3339.test(text)) {
    const at = new Date(text);
    // 31 February would become a day in March.
    if (!Number.isNaN(at.getTime()) && new Date(`${text.slice(0, 10)}T00:00:00Z`).toISOString().startsWith(text.slice(0, 10))) {
      return at.toISOString();
    }
  }
  const span = /[a-z]$/i.test(text) ? durationMs(text) : undefined;
  if (span !== undefined && span <= farthest) return new Date(Math.ceil((now.getTime() + span) / 1000) * 1000).toISOString();
  throw new Fault('usage', `${option} ${terminalText(text, 60)} is no time`, {
    cure: 'write 2027-01-31, 2027-01-31T12:00:00Z, or a span from now on such as 36h or 7d',
    exitCode: 2,
  });
}

/** A span of the command line in ms, such as 7d. Throws a Fault `usage`. */
export function spanOf(text: string, option: string): bigint {
  const span = /[a-z]$/i.test(text) ? durationMs(text) : undefined;
  if (span !== undefined && span > 0 && span <= farthest) return BigInt(Math.round(span));
  throw new Fault('usage', `${option} ${terminalText(text, 60)} is no span of time`, { cure: 'write 30m, 12h or 7d', exitCode: 2 });
}

/** A time of the hub for people: without milliseconds. */
export function shownInstant(text: string): string {
  return text.replace(/\.\d+Z$/, 'Z').replace('T', ' ');
}
