import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editedList } from './api/list-edit.js';
import { plainJson } from './api/plain-json.js';
import { partyText, readParty } from './community/party-text.js';
import { proxyText, readProxy } from './community/proxy-text.js';
import { blankRule, changedRule } from './community/rule-fields.js';
import { actionText, conditionsOf, partiesText } from './community/rule-text.js';
import { instantOf, spanOf } from './instant-text.js';

const now = new Date('2027-01-01T00:00:00Z');

describe('a proxy', () => {
  it.each(['', ':5061', 'host:0', 'host:70000', 'host,weight=0', 'host,prio=1', 'a b', 'host:x', 'host,name=', '[::1', 'ho/st'])(
    '%j is none',
    (text) => {
      expect(() => readProxy(text)).toThrow(/^the proxy/);
    },
  );

  it.each<[string, string]>([
    ['SIP.acme.example', 'sip.acme.example:5061'],
    ['127.0.0.1:5071,priority=2', '127.0.0.1:5071,priority=2'],
    ['[2001:db8::1],weight=3,name=sip.acme.example', '[2001:db8::1]:5061,name=sip.acme.example,weight=3'],
  ])('%j reads as %j', (text, written) => {
    expect(proxyText(readProxy(text))).toBe(written);
    expect(readProxy(written)).toEqual(readProxy(text));
  });
});

describe('a party', () => {
  it.each(['', 'king:acme', 'member:', 'group:'])('%j names nobody', (text) => {
    expect(() => readParty(text, '--from')).toThrow(/--from .* ?names nobody/);
  });

  it.each<[string, string]>([
    ['acme', 'member:acme'],
    ['any', 'any'],
    ['acme.example', 'domain:acme.example'],
    ['ada@acme.example', 'user:ada@acme.example'],
    ['members:', 'members:'],
    ['members:acme,bolt', 'members:acme,bolt'],
  ])('%j is %j', (text, whole) => {
    expect(partyText(readParty(text, '--to'))).toBe(whole);
    expect(readParty(whole, '--to')).toEqual(readParty(text, '--to'));
  });
});

describe('a time', () => {
  it.each(['2027-02-31', '2027-13-01', 'soon', '7', '7x', '-1d', '2027-01-01T25:00:00Z', '1000000d'])('%j is none', (text) => {
    expect(() => instantOf(text, '--until', now)).toThrow(/is no time/);
  });

  it.each<[string, string]>([
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T12:00:00+02:00', '2027-01-31T10:00:00.000Z'],
    ['36h', '2027-01-02T12:00:00.000Z'],
    ['none', ''],
  ])('%j is %j', (text, instant) => {
    expect(instantOf(text, '--until', now)).toBe(instant);
  });

  it.each(['', '0d', '5', 'week'])('%j is no span', (text) => {
    expect(() => spanOf(text, '--expires')).toThrow(/is no span/);
  });
});

describe('a rule', () => {
  const read = (options: object, action = 'deny') => changedRule(blankRule, action, { from: 'any', to: 'any', ...options }, now);

  it.each<[string, object, string]>([
    ['a day', { days: 'someday' }, 'deny'],
    ['an hour', { hours: '8-17' }, 'deny'],
    ['an hour', { hours: '24:30-08:00' }, 'deny'],
    ['a size', { bodyLarger: 'big' }, 'deny'],
    ['a rate', { limit: '10/week' }, 'limit'],
    ['a rate', { limit: '0/second' }, 'limit'],
    ['a burst', { limit: '5/second', burst: '-1' }, 'limit'],
    ['a pair', { between: ['acme'] }, 'deny'],
  ])('refuses what is not %s: %j', (_what, options, action) => {
    expect(() => read(options, action)).toThrow();
  });

  it.each<[object, string, string, readonly string[]]>([
    [{ days: 'fri-mon', hours: '22:00-06:00' }, 'deny', 'deny', ['mon fri sat sun', '22:00-06:00 UTC']],
    [{ method: ['invite'], media: ['Video'], bodyLarger: '64KiB' }, 'allow', 'allow', ['INVITE', 'media video', 'body over 64KiB']],
    [{ limit: '10/second', burst: '20', each: 'pair', shadow: true }, 'limit', 'limit 10/second each pair, burst 20 (shadow)', []],
  ])('%j', (options, action, said, conditions) => {
    const rule = read(options, action);
    expect([actionText(rule), conditionsOf(rule), partiesText(rule)]).toEqual([said, conditions, 'from any to any']);
  });

  it('keeps a burst that was set by hand when only its rate changes', () => {
    const limit = (before: Parameters<typeof changedRule>[0], options: object) => changedRule(before, 'limit', options, now).limit;
    expect(limit(read({ limit: '10/second', burst: '50' }, 'limit'), { limit: '40/second' })).toMatchObject({ requests: 40, burst: 50 });
    expect(limit(read({ limit: '10/second' }, 'limit'), { limit: '40/minute' })).toMatchObject({ requests: 40, perMs: 60_000, burst: 40 });
  });

  it('loses a condition by "none", and keeps what is not spoken of', () => {
    const before = read({ method: ['INVITE'], event: ['presence'], hours: '08:00-09:00', days: 'mon', reason: 'x' });
    const after = changedRule(before, 'deny', { method: ['none'], hours: 'none', days: 'none' }, now);
    expect([after.methods, after.events, after.during, after.reason]).toEqual([[], ['presence'], undefined, 'x']);
  });
});

describe('a list', () => {
  const set = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }));
  it('has what is added, lacks what is dropped, and keeps the rest in order', () => {
    fc.assert(
      fc.property(set, set, (before, add) => {
        const drop = before.filter((_item, at) => at % 2 === 0);
        const after = editedList(before, { add, drop }, (item) => item, 'items');
        expect(new Set(after)).toEqual(new Set([...before.filter((item) => !drop.includes(item)), ...add]));
      }),
    );
  });
});

it('JSON has counters as numbers, bytes as hex and choices by name', () => {
  const value = { version: 41n, hash: Buffer.from('ab', 'hex'), who: { $case: 'member', value: 'acme' }, gone: undefined, list: [1n] };
  expect(plainJson(value)).toEqual({ version: 41, hash: 'ab', who: { member: 'acme' }, list: [1] });
});
