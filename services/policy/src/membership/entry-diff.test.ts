import { Agreement, Member, MemberProxy, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it } from 'vitest';
import type { EntryBody } from './bucket-entry.js';
import { differenceLines } from './entry-diff.js';
import { testAuthority } from './membership.stage.js';

const member = (rest: Partial<Member>): EntryBody => ({ $case: 'member', value: { ...Member.create(), id: 'acme', ...rest } });
const rule = (rest: Partial<Rule>): EntryBody => ({ $case: 'rule', value: { ...Rule.create(), id: 'r', ...rest } });
const proxy = (host: string, weight = 1) => MemberProxy.fromPartial({ host, port: 5061, weight });

describe('what differs', () => {
  it.each<[string, EntryBody | undefined, EntryBody | undefined, string[]]>([
    ['nothing', member({ name: 'a' }), member({ name: 'a' }), []],
    ['a word', member({ status: 'active' }), member({ status: 'quarantined' }), ['status: active -> quarantined']],
    ['words', member({ statusReason: '' }), member({ statusReason: 'no fee, "yet"' }), ['statusReason: nothing -> "no fee, \\"yet\\""']],
    [
      'a list',
      member({ domains: ['a.test', 'b.test'] }),
      member({ domains: ['b.test', 'c.test'] }),
      ['domains: + c.test', 'domains: - a.test'],
    ],
    ['an order', member({ domains: ['a.test', 'b.test'] }), member({ domains: ['b.test', 'a.test'] }), ['domains: in another order']],
    [
      'a list of things',
      member({ proxies: [proxy('one.test')] }),
      member({ proxies: [proxy('one.test', 9)] }),
      ['proxies: + host one.test port 5061 priority 0 weight 9', 'proxies: - host one.test port 5061 priority 0 weight 1'],
    ],
    ['a flag', member({}), member({ acceptCommonName: true }), ['acceptCommonName: false -> true']],
    [
      'an authority, by its fingerprint',
      member({}),
      member({ anchors: [testAuthority] }),
      [expect.stringMatching(/^anchors: \+ certificate [0-9a-f]{16}$/)],
    ],
    [
      'a party',
      rule({ from: { who: { $case: 'any', value: true } } }),
      rule({ from: { who: { $case: 'members', value: { ids: ['a', 'b'] } } } }),
      ['from: any -> members ids a, b'],
    ],
    [
      'a limit',
      rule({}),
      rule({ limit: { requests: 5, perMs: 1000, burst: 9, each: 'pair' } }),
      ['limit: nothing -> 5 in 1 s each pair, burst 9'],
    ],
    [
      'hours and days',
      rule({ during: { days: [], fromMinute: 0, untilMinute: 0 } }),
      rule({ during: { days: ['mon', 'tue'], fromMinute: 1320, untilMinute: 365 } }),
      ['during: nothing -> mon tue 22:00-06:05 UTC'],
    ],
    ['a size', rule({}), rule({ bodyLarger: 4096n }), ['bodyLarger: nothing -> 4096']],
    ['a rule without a size', undefined, rule({ action: 'deny' }), ['id: r', 'action: deny', 'order: 0']],
    ['what is new', undefined, member({ domains: ['a.test'] }), ['id: acme', 'domains: + a.test']],
    [
      'what is gone',
      { $case: 'agreement', value: Agreement.fromPartial({ first: 'a', second: 'b' }) },
      undefined,
      ['first: a', 'second: b'],
    ],
  ])('%s', (_, before, after, lines) => {
    expect(differenceLines(before, after)).toEqual(lines);
  });

  it('is never more than a screenful, and never steers a terminal', () => {
    const lines = differenceLines(
      undefined,
      member({ name: '\u001b[31m\n', domains: Array.from({ length: 500 }, (_, at) => `m${at}.test`) }),
    );
    expect([lines.length, lines.at(-1)]).toEqual([41, 'and 462 more differences']);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });
});
