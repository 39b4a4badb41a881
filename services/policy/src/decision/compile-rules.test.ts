import { Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { inForce, isWithin, untilTurns } from './rule-time.js';

const any = { who: { $case: 'any' as const, value: true } };
const rule = (rest: Partial<Rule>): Rule => ({ ...Rule.create(), id: 'r', from: any, to: any, action: 'allow', ...rest });

function compiled(rest: Partial<Rule>) {
  const problems: string[] = [];
  const [made] = compileRules([rule(rest)], problems).rules;
  if (made === undefined) throw new Error('every rule is kept');
  return { made, problems };
}

describe('a rule that cannot be read', () => {
  it.each<[string, Partial<Rule>, string]>([
    ['an action nobody knows', { action: 'permit' }, 'action'],
    ['a limit without its measure', { action: 'limit' }, 'limit'],
    ['a limit of nothing', { action: 'limit', limit: { requests: 0, perMs: 1000, burst: 1, each: 'member' } }, 'limit'],
    ['a limit of each nobody knows', { action: 'limit', limit: { requests: 1, perMs: 1000, burst: 1, each: 'user' } }, 'limit'],
    ['no sender', { from: undefined }, 'parties'],
    ['a user without a domain', { to: { who: { $case: 'user', value: 'ada' } } }, 'parties'],
    ['a pair of one', { pair: ['a'] }, 'parties'],
    ['a pair of the same', { pair: ['a', 'a'] }, 'parties'],
    ['a day that is none', { during: { days: ['someday'], fromMinute: 0, untilMinute: 0 } }, 'hours'],
    ['an hour that is none', { during: { days: [], fromMinute: 1440, untilMinute: 0 } }, 'hours'],
    ['a date that is none', { validUntil: 'soon' }, 'dates'],
  ])('denies: %s', (_, rest, fault) => {
    const { made, problems } = compiled(rest);
    expect([made.action, made.limit, problems]).toEqual(['deny', undefined, [`rule r is taken as a denial: its ${fault} cannot be read`]]);
  });

  it('denies at any time where its time cannot be read', () => {
    const { made } = compiled({ validFrom: 'soon', validUntil: 'later', during: { days: ['x'], fromMinute: 0, untilMinute: 0 } });
    expect([inForce(made, 0), untilTurns(made, 0)]).toEqual([true, Number.POSITIVE_INFINITY]);
  });
});

describe('a rule', () => {
  it('of a pair needs no parties, and looks at none', () => {
    const { made, problems } = compiled({ pair: ['a', 'b'], from: undefined, to: { who: { $case: 'member', value: 'c' } } });
    expect([made.pair, made.from, made.to, problems]).toEqual([['a', 'b'], { kind: 'any' }, { kind: 'any' }, []]);
  });

  it('of an empty list is of nobody', () => {
    const { made } = compiled({ from: { who: { $case: 'members', value: { ids: [] } } } });
    expect(made.from).toEqual({ kind: 'members', ids: new Set() });
  });

  it('of a user is of one whose escapes are resolved', () => {
    const { made } = compiled({ from: { who: { $case: 'user', value: '%61da@acme.example' } } });
    expect(made.from).toEqual({ kind: 'user', user: 'ada', domain: 'acme.example' });
  });

  it('has a burst of at least one', () => {
    const { made } = compiled({ action: 'limit', limit: { requests: 5, perMs: 1000, burst: 0, each: 'pair' } });
    expect(made.limit).toEqual({ requests: 5, perMs: 1000, burst: 1, each: 'pair' });
  });
});

describe('hours', () => {
  const window = (days: string[], fromMinute: number, untilMinute: number) => {
    const { during } = compiled({ during: { days, fromMinute, untilMinute } }).made;
    if (during === undefined) throw new Error('they can be read');
    return during;
  };
  // 1 June 2026 is a Monday.
  const at = (text: string) => Date.parse(`2026-06-${text}Z`);

  it.each<[string, [string[], number, number], string[], string[]]>([
    ['of every day', [[], 480, 1080], ['01T08:00', '07T17:59:59.999'], ['01T07:59:59.999', '01T18:00', '06T23:00']],
    ['of a whole day', [['tue'], 0, 0], ['02T00:00', '02T23:59:59'], ['01T23:59:59', '03T00:00']],
    ['past midnight', [['sat'], 1320, 360], ['06T22:00', '07T05:59'], ['06T05:00', '07T06:00', '07T23:00']],
    ['past the end of the week', [['sun'], 1380, 60], ['07T23:30', '08T00:30'], ['01T01:30', '08T01:00', '07T22:59']],
    ['from an hour to the same', [['mon'], 600, 600], ['01T10:00', '02T09:59'], ['01T09:59', '02T10:00']],
  ])('%s', (_, [days, from, until], inside, outside) => {
    expect(inside.map((time) => isWithin(window(days, from, until), at(time)))).toEqual(inside.map(() => true));
    expect(outside.map((time) => isWithin(window(days, from, until), at(time)))).toEqual(outside.map(() => false));
  });

  it('turn when they say, and not before', () => {
    const { made } = compiled({ during: { days: ['mon', 'wed'], fromMinute: 600, untilMinute: 660 } });
    for (let now = at('01T00:00'); now < at('15T00:00'); ) {
      const next = now + untilTurns(made, now);
      expect(next).toBeGreaterThan(now);
      expect(inForce(made, next - 1)).toBe(inForce(made, now));
      expect(inForce(made, next)).toBe(!inForce(made, now));
      now = next;
    }
  });

  it('before 1970 are hours too', () => {
    expect(isWithin(window(['wed'], 0, 0), Date.parse('1969-12-31T12:00:00Z'))).toBe(true);
  });
});
