import { renderBytes } from '@guildhall/chassis/units';
import type { Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { shownInstant } from '../instant-text.js';
import { partyText } from './party-text.js';

/** Whom a rule is about: "from group:makers to any", "between acme and bolt". */
export function partiesText({ pair, from, to }: Rule): string {
  return pair.length === 2 ? `between ${pair.join(' and ')}` : `from ${partyText(from)} to ${partyText(to)}`;
}

function hour(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** What else must be so for a rule to fit, a short text each. */
export function conditionsOf(rule: Rule): string[] {
  const { during } = rule;
  const hours =
    during === undefined || (during.fromMinute === 0 && during.untilMinute === 0)
      ? ''
      : `${hour(during.fromMinute)}-${hour(during.untilMinute)} UTC`;
  return [
    rule.methods.join(' '),
    rule.events.length === 0 ? '' : `event ${rule.events.join(' ')}`,
    rule.media.length === 0 ? '' : `media ${rule.media.join(' ')}`,
    rule.bodyTypes.length === 0 ? '' : `body ${rule.bodyTypes.join(' ')}`,
    rule.bodyLarger === 0n ? '' : `body over ${renderBytes(Number(rule.bodyLarger))}`,
    during === undefined || during.days.length === 0 ? '' : during.days.join(' '),
    hours,
    rule.validFrom === '' ? '' : `from ${shownInstant(rule.validFrom)}`,
    rule.validUntil === '' ? '' : `until ${shownInstant(rule.validUntil)}`,
  ].filter((text) => text !== '');
}

const periods: ReadonlyMap<number, string> = new Map([
  [1_000, 'second'],
  [60_000, 'minute'],
  [3_600_000, 'hour'],
]);

/** What a rule does: "deny", "limit 10/second each pair, burst 20", with "(shadow)" where it only counts. */
export function actionText({ action, limit, shadow }: Rule): string {
  const period = periods.get(limit?.perMs ?? 0) ?? `${limit?.perMs} ms`;
  const rate = limit === undefined ? '' : ` ${limit.requests}/${period} each ${limit.each}, burst ${limit.burst}`;
  return `${action}${rate}${shadow ? ' (shadow)' : ''}`;
}
