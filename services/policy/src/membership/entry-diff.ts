import { createHash } from 'node:crypto';
import { quoted } from '@guildhall/proto/community/quoted';
import type { EntryBody } from './bucket-entry.js';

/** What differs between two values of an entry, for people. */

/** Lines told of one entry; what is beyond is counted. */
const mostLines = 40;

/** "22:00-06:00 UTC"; '' for the whole day. Minutes since midnight. */
function hoursText(from: number, until: number): string {
  const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return from === 0 && until === 0 ? '' : `${clock(from)}-${clock(until)} UTC`;
}

/** A size of 0 is none at all. */
function isUnsaid(name: string, value: unknown): boolean {
  return name === 'bodyLarger' && Number(value) === 0;
}

/** PEM texts by a fingerprint: nobody reads them. */
function scalar(value: unknown): string {
  if (typeof value === 'string') {
    if (value === '') return 'nothing';
    if (!value.startsWith('-----BEGIN ')) return /^[\w.@:+*/-]{1,80}$/.test(value) ? value : quoted(value, 120);
    const what = value.includes('X509 CRL') ? 'revocation list' : 'certificate';
    return `${what} ${createHash('sha256').update(value).digest('hex').slice(0, 16)}`;
  }
  if (typeof value === 'object' && value !== null) {
    if ('requests' in value && 'perMs' in value && 'burst' in value && 'each' in value)
      return `${value.requests} in ${Number(value.perMs) / 1000} s each ${value.each}, burst ${value.burst}`;
    if ('fromMinute' in value && 'untilMinute' in value && 'days' in value && Array.isArray(value.days))
      return [...value.days, hoursText(Number(value.fromMinute), Number(value.untilMinute))].join(' ').trim() || 'nothing';
    const parts = fields(value)
      .filter(([, part]) => part !== '' && part !== false && part !== undefined && !(Array.isArray(part) && part.length === 0))
      .map(([name, part]) => `${name} ${Array.isArray(part) ? part.map(scalar).join(', ') : scalar(part)}`);
    const said = parts.join(' ');
    return said === 'any true' ? 'any' : said || 'nothing';
  }
  return String(value);
}

/** The fields of a message; of a union, its case and value. */
function fields(value: object): [string, unknown][] {
  return Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
    if (name === '$case') return [];
    if (isUnsaid(name, part)) return [];
    if (typeof part === 'object' && part !== null && '$case' in part && 'value' in part) return [[String(part.$case), part.value]];
    return [[name, part]];
  });
}

function listLines(name: string, before: readonly unknown[], after: readonly unknown[]): string[] {
  const was = before.map(scalar);
  const is = after.map(scalar);
  const lines = [...is.filter((one) => !was.includes(one)).map((one) => `${name}: + ${one}`)];
  lines.push(...was.filter((one) => !is.includes(one)).map((one) => `${name}: - ${one}`));
  const moved = lines.length === 0 && was.join('\n') !== is.join('\n');
  return moved ? [`${name}: in another order`] : lines;
}

/**
 * What differs, a line each: "status: active -> quarantined", "domains: + acme.test". Fields by the names of the API. Of an
 * entry that is new or gone, what it says.
 */
export function differenceLines(before: EntryBody | undefined, after: EntryBody | undefined): string[] {
  const was = new Map(before === undefined ? [] : fields(before.value));
  const is = new Map(after === undefined ? [] : fields(after.value));
  const names = new Set([...was.keys(), ...is.keys()]);
  const lines = [...names].flatMap((name) => {
    const [one, other] = [was.get(name), is.get(name)];
    if (Array.isArray(one) || Array.isArray(other))
      return listLines(name, Array.isArray(one) ? one : [], Array.isArray(other) ? other : []);
    const [from, to] = [one === undefined ? 'nothing' : scalar(one), other === undefined ? 'nothing' : scalar(other)];
    if (from === to) return [];
    if (before === undefined) return to === 'nothing' || other === false ? [] : [`${name}: ${to}`];
    if (after === undefined) return from === 'nothing' || one === false ? [] : [`${name}: ${from}`];
    return [`${name}: ${from} -> ${to}`];
  });
  return lines.length > mostLines ? [...lines.slice(0, mostLines), `and ${lines.length - mostLines} more differences`] : lines;
}
