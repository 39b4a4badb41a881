import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { Check, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { type SampleParts, sampleMembership } from './sample-membership.js';

/** A Monday, noon. */
const now = Date.parse('2026-06-01T12:00:00Z');
const hour = 3_600_000;

const members = `
  - { id: acme, domains: [acme.example], groups: [mills], proxies: [{ host: 10.0.0.1 }] }
  - { id: bolt, domains: [bolt.example], proxies: [{ host: 10.0.0.2 }] }
  - { id: crow, domains: [crow.example], groups: [mills] }
`;

function ask(from: string, to: string, method = 'MESSAGE', event = ''): Ask {
  const target = to.startsWith('@') ? { $case: 'toMember' as const, value: to.slice(1) } : { $case: 'toDomain' as const, value: to };
  return { peer: from.split('.', 1)[0] ?? '', fromDomain: from, target, method, event };
}

function decided(rules: string, asked: Ask, parts: SampleParts = {}, at = now) {
  return decide(sampleMembership({ members, rules, ...parts }), asked, at);
}

function verdict(rules: string, asked: Ask, parts: SampleParts = {}, at = now): string {
  const { action, code, rule } = decided(rules, asked, parts, at);
  return `${action} ${code} (${rule})`;
}

const allowed = 'forward allowed (model clearinghouse)';
const denied = 'refuse denied-by-rule (rule r)';

describe('a rule means', () => {
  it.each([
    ['a pair, one way', 'between: [acme, bolt]', ask('acme.example', 'bolt.example'), denied],
    ['a pair, the other way', 'between: [acme, bolt]', ask('bolt.example', 'acme.example'), denied],
    ['a pair and nobody else', 'between: [acme, bolt]', ask('acme.example', 'crow.example'), allowed],
    ['any of a list', 'from: { members: [acme, bolt] }, to: { any: true }', ask('bolt.example', 'acme.example'), denied],
    ['none but those of a list', 'from: { members: [acme, bolt] }, to: { any: true }', ask('crow.example', 'acme.example'), allowed],
    ['nobody by an empty list', 'from: { members: [] }, to: { any: true }', ask('acme.example', 'bolt.example'), allowed],
    ['nobody by an empty list of targets', 'from: { any: true }, to: { members: [] }', ask('acme.example', 'bolt.example'), allowed],
    ['a domain', 'from: { domain: acme.example }, to: { any: true }', ask('acme.example', 'bolt.example'), denied],
    ['what is below a domain', 'from: { any: true }, to: { domain: bolt.example }', ask('acme.example', 'x.bolt.example'), denied],
    ['not what is above a domain', 'from: { any: true }, to: { domain: x.bolt.example }', ask('acme.example', 'bolt.example'), allowed],
    ['not what only ends alike', 'from: { any: true }, to: { domain: olt.example }', ask('acme.example', 'bolt.example'), allowed],
  ])('%s', (_, parties, asked, expected) => {
    expect(verdict(`[{ id: r, ${parties}, action: deny }]`, asked)).toBe(expected);
    expect(decided(`[{ id: r, ${parties}, action: deny }]`, asked).checks).toEqual([]);
  });
});

describe('a community that refuses what is not allowed', () => {
  const parts: SampleParts = { otherwise: 'deny' };

  it('refuses by default, and lets through what a rule allows', () => {
    const rules = '[{ id: r, from: { member: acme }, to: { any: true }, action: allow }]';
    expect(verdict('[]', ask('acme.example', 'bolt.example'), parts)).toBe('refuse not-allowed (otherwise)');
    expect(verdict(rules, ask('acme.example', 'bolt.example'), parts)).toBe('forward allowed (rule r)');
    expect(verdict(rules, ask('bolt.example', 'acme.example'), parts)).toBe('refuse not-allowed (otherwise)');
    expect(decided('[]', ask('acme.example', 'bolt.example'), parts).sentence).toBe(
      'No rule and no agreement allows MESSAGE from acme (acme.example) to bolt (bolt.example): Steel Guild refuses what is not allowed by name.',
    );
  });

  it('lets through what an agreement allows', () => {
    const limited: SampleParts = { ...parts, model: 'limited-clearinghouse', agreements: '[{ members: [acme, bolt] }]' };
    expect(verdict('[]', ask('acme.example', 'bolt.example'), limited)).toBe('forward allowed (agreement acme bolt)');
    expect(verdict('[]', ask('acme.example', 'crow.example'), limited)).toBe('refuse not-allowed (otherwise)');
  });
});

describe('a rule of a time', () => {
  const rule = (when: string) => `[{ id: r, from: { any: true }, to: { any: true }, action: deny, ${when} }]`;
  it.each([
    ['that has not begun', 'validFrom: 2026-06-02', allowed, 12 * hour],
    ['that has begun', 'validFrom: 2026-06-01, validUntil: "2026-06-01T12:00:01Z"', denied, 1000],
    ['that has ended', 'validUntil: 2026-06-01', allowed, 0],
    ['within its hours', 'during: { from: "08:00", until: "13:30" }', denied, 1.5 * hour],
    ['outside its hours', 'during: { from: "13:00", until: "14:00" }', allowed, hour],
    ['of another day', 'during: { days: [tue] }', allowed, 12 * hour],
    ['of this day', 'during: { days: [mon] }', denied, 12 * hour],
    ['past midnight, by day', 'during: { from: "22:00", until: "06:00" }', allowed, 10 * hour],
    ['that ends within its hours', 'during: { days: [mon] }, validUntil: "2026-06-01T13:00:00Z"', denied, hour],
  ])('%s', (_, when, expected, holdsFor) => {
    expect(verdict(rule(when), ask('acme.example', 'bolt.example'))).toBe(expected);
    expect(decided(rule(when), ask('acme.example', 'bolt.example')).holdsFor).toBe(holdsFor);
  });

  it('past midnight holds on the morning after', () => {
    const night = rule('during: { days: [mon], from: "22:00", until: "06:00" }');
    const at = (time: string) => verdict(night, ask('acme.example', 'bolt.example'), {}, Date.parse(time));
    expect(['2026-06-01T05:00:00Z', '2026-06-01T23:00:00Z', '2026-06-02T05:59:59Z', '2026-06-02T06:00:00Z'].map(at)).toEqual([
      allowed,
      denied,
      denied,
      allowed,
    ]);
  });

  it('shortens nothing where it is about others', () => {
    const rules = '[{ id: r, from: { member: crow }, to: { any: true }, action: deny, validUntil: 2026-07-01 }]';
    expect(decided(rules, ask('acme.example', 'bolt.example')).holdsFor).toBe(0);
  });
});

describe('a rule that names do not decide', () => {
  const only = (rules: string, asked: Ask, parts: SampleParts = {}) => {
    const [check, ...more] = decided(rules, asked, parts).checks;
    expect(more).toEqual([]);
    return check;
  };

  it('is left to ingress, and the rest goes on', () => {
    const rules = '[{ id: r, from: { any: true }, to: { any: true }, media: [video], action: deny, reason: no pictures }]';
    expect(verdict(rules, ask('acme.example', 'bolt.example', 'INVITE'))).toBe(allowed);
    expect(only(rules, ask('acme.example', 'bolt.example', 'INVITE'))).toEqual(
      Check.fromPartial({
        rule: 'rule r',
        action: VerdictAction.REFUSE,
        code: 'denied-by-rule',
        sentence: 'Rule r denies INVITE that offers video from acme (acme.example) to bolt (bolt.example): no pictures.',
        media: ['video'],
      }),
    );
  });

  it('stands before the rule that decides, and none behind it is carried', () => {
    const rules = `
      - { id: a, from: { any: true }, to: { any: true }, bodyTypes: [image/*], bodyLarger: 10, action: deny }
      - { id: b, from: { any: true }, to: { any: true }, action: allow }
      - { id: c, from: { any: true }, to: { any: true }, media: [video], action: deny }
    `;
    const { rule, checks } = decided(rules, ask('acme.example', 'bolt.example'));
    expect([rule, checks.map((check) => check.rule)]).toEqual(['rule b', ['rule a']]);
    expect(checks[0]?.sentence).toBe(
      'Rule a denies MESSAGE with a body of image/* and of more than 10 bytes from acme (acme.example) to bolt (bolt.example).',
    );
  });

  it.each([
    ['its own domain', ask('acme.example', 'bolt.example'), 'ada@acme.example'],
    ['in a dialog', ask('acme.example', '@bolt', 'INVITE'), 'ada@acme.example'],
  ])('by a user: %s', (_, asked, fromUser) => {
    const rules = '[{ id: r, from: { user: ada@acme.example }, to: { any: true }, action: deny }]';
    expect(only(rules, asked)).toMatchObject({ fromUser, fromDomain: '' });
  });

  it('by a user of another domain is not carried at all', () => {
    const rules = '[{ id: r, from: { user: ada@acme.example }, to: { user: bo@bolt.example }, action: deny }]';
    expect(decided(rules, ask('x.acme.example', 'bolt.example')).checks).toEqual([]);
    expect(decided(rules, ask('crow.example', '@bolt', 'INVITE')).checks).toEqual([]);
  });

  it('by a domain in a dialog, where it depends on who speaks', () => {
    const rules = '[{ id: r, from: { domain: x.acme.example }, to: { domain: bolt.example }, action: deny }]';
    expect(only(rules, ask('acme.example', '@bolt', 'INVITE'))).toMatchObject({ fromDomain: 'x.acme.example', toDomain: 'bolt.example' });
    expect(decided(rules, ask('crow.example', '@bolt', 'INVITE')).checks).toEqual([]);
  });

  it('allows where the community refuses the rest, and names the target', () => {
    const rules = '[{ id: r, from: { user: ada@acme.example }, to: { any: true }, action: allow }]';
    const parts: SampleParts = { otherwise: 'deny' };
    expect(verdict(rules, ask('acme.example', 'bolt.example'), parts)).toBe('refuse not-allowed (otherwise)');
    expect(only(rules, ask('acme.example', 'bolt.example'), parts)).toMatchObject({
      action: VerdictAction.FORWARD,
      code: '',
      sentence: '',
    });
  });

  it('redirects where an agreement does', () => {
    const parts: SampleParts = { model: 'limited-clearinghouse', agreements: '[{ members: [acme, bolt], mode: redirect }]' };
    const rules = `
      - { id: r, from: { user: ada@acme.example }, to: { any: true }, action: allow }
      - { id: s, from: { any: true }, to: { any: true }, action: deny }
    `;
    const { action, contacts } = decided(rules, ask('acme.example', 'bolt.example'), parts);
    expect([action, contacts]).toEqual(['refuse', ['sip:10.0.0.2:5061;transport=tls']]);
    expect(only(rules, ask('acme.example', 'bolt.example'), parts)).toMatchObject({
      action: VerdictAction.REDIRECT,
      redirected: 'acme and bolt (bolt.example) agreed to talk directly: send MESSAGE to the door of bolt.',
    });
  });
});

describe('a rule that limits', () => {
  const rules =
    '[{ id: r, from: { any: true }, to: { any: true }, action: limit, limit: { requests: 5, per: minute, burst: 9, each: pair }, reason: fair share }]';

  it('allows, and carries its measure', () => {
    const { checks } = decided(rules, ask('acme.example', 'bolt.example'));
    expect(verdict(rules, ask('acme.example', 'bolt.example'))).toBe('forward allowed (rule r)');
    expect(checks).toEqual([
      Check.fromPartial({
        rule: 'rule r',
        action: VerdictAction.FORWARD,
        code: 'over-limit',
        sentence: 'Rule r allows acme no more than 5 a minute of requests to bolt: fair share.',
        limit: { requests: 5, perMs: 60_000, burst: 9, each: 'pair' },
      }),
    ]);
  });

  it('does not measure again what belongs to a call that was let in', () => {
    expect(decided(rules, ask('acme.example', '@bolt', 'INVITE')).checks).toEqual([]);
    expect(decided(rules, ask('acme.example', '@bolt', 'MESSAGE')).checks).toMatchObject([{ limit: { requests: 5 } }]);
  });
});

describe('a shadow rule', () => {
  it('decides nothing, and is carried to be counted', () => {
    const rules = '[{ id: r, from: { any: true }, to: { any: true }, action: deny, shadow: true }]';
    expect(verdict(rules, ask('acme.example', 'bolt.example'))).toBe(allowed);
    expect(decided(rules, ask('acme.example', 'bolt.example')).checks).toMatchObject([{ rule: 'rule r', shadow: true }]);
  });

  it('is not carried behind a rule that decides', () => {
    const rules = `
      - { id: a, from: { any: true }, to: { any: true }, action: allow }
      - { id: r, from: { any: true }, to: { any: true }, action: deny, shadow: true }
    `;
    expect(decided(rules, ask('acme.example', 'bolt.example')).checks).toEqual([]);
  });
});
