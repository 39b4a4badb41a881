import { Fault } from '@guildhall/chassis/fault';
import { durationMs } from '@guildhall/chassis/units';
import { terminalText } from '../world.js';

function usage(message: string, cure: string): Fault {
  return new Fault('usage', message, { cure, exitCode: 2 });
}

/** A span of the command line in ms, within bounds. Throws a Fault `usage`. */
export function boundedSpan(
  text: string,
  option: string,
  { least, most, bounds }: { least: number; most: number; bounds: string },
): number {
  const span = /[a-z]$/i.test(text) ? durationMs(text) : undefined;
  if (span !== undefined && span >= least && span <= most) return Math.round(span);
  throw usage(
    `${option} ${terminalText(text, 60)} is no span of time from ${bounds}`,
    'write a number and its unit, s, m or h, within these bounds',
  );
}

const day = /^\d{4}-\d{2}-\d{2}$/;
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** A time in the past, ms since 1970: a date (its first moment, UTC), a whole time, or a span before now such as 24h. Throws a Fault `usage`. */
export function pastInstant(text: string, option: string, now: Date): bigint {
  if (day.test(text) || rfc3339.test(text)) {
    const at = new Date(text).getTime();
    // 31 February would become a day in March.
    if (!Number.isNaN(at) && new Date(`${text.slice(0, 10)}T00:00:00Z`).toISOString().startsWith(text.slice(0, 10)) && at >= 0) {
      return BigInt(at);
    }
  }
  const span = /[a-z]$/i.test(text) ? durationMs(text) : undefined;
  if (span !== undefined && span <= now.getTime()) return BigInt(Math.round(now.getTime() - span));
  throw usage(
    `${option} ${terminalText(text, 60)} is no time`,
    'write 2027-01-31, 2027-01-31T12:00:00Z, or a span before now such as 24h or 7d',
  );
}

/** One of a few words. Throws a Fault `usage`. */
export function oneOf<Word extends string>(text: string, option: string, words: readonly Word[]): Word {
  const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw usage(`${option} ${terminalText(text, 60)} is none of ${words.join(', ')}`, `write one of ${words.join(', ')}`);
}

const idShape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A member id as it may stand in a question. Throws a Fault `usage`. */
export function memberId(text: string, option: string): string {
  if (idShape.test(text)) return text;
  throw usage(`${option} ${terminalText(text, 60)} is no member id`, 'guildhall member list tells the ids: a-z, 0-9 and -');
}

/** A status or a class of them: 404, 4xx or 4. Throws a Fault `usage`. */
export function statusFilter(text: string, option: string): number {
  if (/^[1-6](xx)?$/i.test(text)) return Number(text[0]);
  if (/^[1-6]\d\d$/.test(text)) return Number(text);
  throw usage(`${option} ${terminalText(text, 60)} is no SIP status`, 'write 404, or 4xx for all of them');
}

/** A method as records tell it: as in messages, or "other" for all that are not told by name. */
export function methodFilter(text: string): string {
  const method = text.toUpperCase();
  return method === 'OTHER' ? 'other' : method;
}
