import { checkFits, type RequestFacts } from '@guildhall/proto/check-fit';
import { type Authority, type Listener, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { type Ask, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { reasons } from '@guildhall/proto/reason';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from './compile.js';
import { decide } from './decide.js';
import type { Decision } from './hearing.js';
import { type Membership, memberOfDomain } from './membership.js';

const id = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', '');
const group = fc.constantFrom('g', 'h');
const domain = fc.constantFrom(
  'a.example',
  'b.example',
  'x.a.example',
  'example',
  'hub.example',
  'BAD',
  '',
  'constructor',
  'y.x.a.example',
);
const method = fc.constantFrom('MESSAGE', 'INVITE', 'SUBSCRIBE', 'ODD', '', 'a\r\nb');
const event = fc.constantFrom('', 'presence', 'dialog', '\u0000');
const instant = fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z', 'never');
const party = fc.option(
  fc.oneof(
    fc.constant({ who: { $case: 'any' as const, value: true } }),
    id.map((value) => ({ who: { $case: 'member' as const, value } })),
    group.map((value) => ({ who: { $case: 'group' as const, value } })),
    domain.map((value) => ({ who: { $case: 'domain' as const, value } })),
    fc.constantFrom('ann@a.example', 'ann', '@', 'a\r\nb@b.example').map((value) => ({ who: { $case: 'user' as const, value } })),
    fc.array(id, { maxLength: 2 }).map((ids) => ({ who: { $case: 'members' as const, value: { ids } } })),
    fc.constant({}),
  ),
  { nil: undefined },
);

const member = fc.record({
  id,
  name: fc.constantFrom('', 'A'),
  role: fc.constantFrom('member', 'internal', 'partner', 'odd'),
  status: fc.constantFrom('active', 'active', 'active', 'pending', 'suspended', 'quarantined', 'odd'),
  statusReason: fc.constantFrom('', 'why'),
  domains: fc.array(domain, { maxLength: 3 }),
  groups: fc.array(group, { maxLength: 2 }),
  proxies: fc.array(
    fc.record({
      host: fc.constantFrom('10.0.0.1', 'p.example'),
      port: fc.constant(5061),
      name: fc.constant(''),
      priority: fc.nat(3),
      weight: fc.nat(3),
    }),
    { maxLength: 2 },
  ),
  anchors: fc.constant<string[]>([]),
  pins: fc.constant<string[]>([]),
  acceptCommonName: fc.boolean(),
  interface: fc.constantFrom('', 'inside'),
  revocationLists: fc.constant<string[]>([]),
  statusUntil: fc.constant(''),
  lookup: fc.constant(''),
  dialect: fc.constant(''),
  below: fc.constant<string[]>([]),
});

/** Hours and limits, good and bad. */
const whenAndHowOften = {
  during: fc.option(
    fc.record({
      days: fc.subarray(['mon', 'sun', 'day']),
      fromMinute: fc.constantFrom(0, 600, 1439, 1440),
      untilMinute: fc.constantFrom(0, 600, 1440, 1441),
    }),
    { nil: undefined },
  ),
  limit: fc.option(
    fc.record({
      requests: fc.nat(2),
      perMs: fc.constantFrom(0, 1000),
      burst: fc.nat(2),
      each: fc.constantFrom('member', 'pair', 'method', 'odd'),
    }),
    { nil: undefined },
  ),
};

/** A request as it is known in full, or what cannot be read. */
const facts: fc.Arbitrary<RequestFacts> = fc
  .record({
    user: fc.constantFrom('ann@a.example', ''),
    domain,
    media: fc.option(fc.subarray(['video', 'audio']), { nil: undefined }),
    types: fc.option(fc.subarray(['image/png', 'text/plain']), { nil: undefined }),
    bytes: fc.nat(9),
  })
  .map(({ user, domain: named, media, types, bytes }) => ({
    fromUser: () => user,
    toUser: () => user,
    fromDomain: () => named,
    toDomain: () => named,
    media: () => media,
    bodyTypes: () => types,
    bodyBytes: () => bytes,
  }));

/** By names only, or in full. */
const known = fc.option(facts, { nil: undefined });

const entries = fc.record({
  version: fc.bigInt({ min: 0n, max: 1000n }),
  community: fc.record({
    id: fc.constant('guild'),
    name: fc.constant('Guild'),
    model: fc.constantFrom('clearinghouse', 'limited-clearinghouse', 'direct'),
    domain: fc.constant('hub.example'),
    anchors: fc.constant<string[]>([]),
    revocationLists: fc.constant<string[]>([]),
    otherwise: fc.constantFrom('', 'allow', 'deny'),
    defaultRoute: fc.constant(''),
    listeners: fc.constant<Listener[]>([]),
    certificateFile: fc.constant(''),
    keyFile: fc.constant(''),
  }),
  members: fc.uniqueArray(member, { selector: (one) => one.id, maxLength: 5 }),
  agreements: fc.array(
    fc.record({
      first: id,
      second: id,
      mode: fc.constantFrom('relay', 'redirect', 'odd'),
      acceptedBy: fc.array(id, { maxLength: 3 }),
      validFrom: instant,
      validUntil: instant,
      proposedBy: fc.constant(''),
      note: fc.constant(''),
    }),
    { maxLength: 3 },
  ),
  authorities: fc.constant<Authority[]>([]),
  rules: fc.array(
    fc.record({
      id: fc.constantFrom('r', 's', 't'),
      from: party,
      to: party,
      methods: fc.array(method, { maxLength: 2 }),
      events: fc.array(event, { maxLength: 2 }),
      action: fc.constantFrom('allow', 'deny', 'limit', 'odd', ''),
      reason: fc.constantFrom('', 'why'),
      order: fc.nat(5),
      pair: fc.constantFrom<string[]>([], [], ['a', 'b'], ['a'], ['a', 'a']),
      media: fc.constantFrom<string[]>([], [], ['video'], ['\u0000']),
      bodyTypes: fc.constantFrom<string[]>([], [], ['image/*'], ['x']),
      bodyLarger: fc.constantFrom(0n, 0n, 5n, 0xffff_ffff_ffff_ffffn),
      validFrom: instant,
      validUntil: instant,
      shadow: fc.boolean(),
      ...whenAndHowOften,
    }),
    { maxLength: 5 },
  ),
});

const ask: fc.Arbitrary<Ask> = fc.record({
  peer: id,
  fromDomain: domain,
  target: fc.option(
    fc.oneof(
      domain.map((value) => ({ $case: 'toDomain' as const, value })),
      id.map((value) => ({ $case: 'toMember' as const, value })),
    ),
    { nil: undefined },
  ),
  method,
  event,
});

const now = fc.oneof(
  fc.double(),
  fc.constantFrom(Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-03-01T00:00:00Z'), Date.parse('2026-07-01T00:00:00Z')),
);

function compiled(given: Parameters<typeof compile>[0]): Compiled {
  const result = compile(given);
  if (result === undefined) throw new Error('every generated model is known');
  return result;
}

function fitsEverything(rule: Membership['rules'][number]): boolean {
  const { from, to, pair, methods, events, media, bodyTypes, bodyLarger, during, validFrom, validUntil, shadow } = rule;
  const names = from.kind === 'any' && to.kind === 'any' && pair === undefined && methods === undefined && events === undefined;
  const body = media.length + bodyTypes.length === 0 && bodyLarger === 0n;
  return names && body && during === undefined && !Number.isFinite(validFrom) && !Number.isFinite(validUntil) && !shadow;
}

/** What a decision by names comes to for a request: the first of its checks that fits and is no shadow takes its place. */
function applied({ action, code, sentence, checks }: Decision, about: RequestFacts): { action: string; said: string } {
  const decisive = checks.find((check) => !check.shadow && checkFits(check, about));
  if (decisive === undefined) return { action, said: action === 'forward' ? '' : `${code} ${sentence}` };
  if (decisive.action === VerdictAction.REFUSE) return { action: 'refuse', said: `${decisive.code} ${decisive.sentence}` };
  if (decisive.action === VerdictAction.REDIRECT) return { action: 'redirect', said: `direct-partner ${decisive.redirected}` };
  return { action: 'forward', said: '' };
}

describe('decide', () => {
  it('is total: one action with its code, rule and one clean sentence for every ask', () => {
    fc.assert(
      fc.property(entries, ask, now, known, (given, asked, at, about) => {
        const decision = decide(compiled(given).membership, asked, at, about);
        expect(decision.sentence).toMatch(/^[^\p{Cc}]{10,}[.!?]$/u);
        expect(decision.rule).not.toBe('');
        expect(decision.holdsFor >= 0 && decision.holdsFor <= 0xffff_ffff && Number.isInteger(decision.holdsFor)).toBe(true);
        const { status } = reasons[decision.code];
        // With checks, contacts are for those of them that redirect.
        const idle = decision.checks.length > 0 ? decision.contacts.length : 0;
        if (decision.action === 'forward') expect([decision.code, decision.contacts.length]).toEqual(['allowed', idle]);
        if (decision.action === 'redirect') expect([status, decision.contacts.length > 0]).toEqual([302, true]);
        if (decision.action === 'refuse') expect([status >= 400, decision.contacts.length]).toEqual([true, idle]);
        if (about !== undefined) expect(decision.checks).toEqual([]);
        for (const { rule, action, code, sentence, limit } of decision.checks) {
          expect(rule).toMatch(/^rule [rst]$/);
          if (action === VerdictAction.REFUSE || limit !== undefined) {
            expect(sentence).toMatch(/^[^\p{Cc}]{10,}[.!?]$/u);
            expect(code).toBe(action === VerdictAction.REFUSE ? 'denied-by-rule' : 'over-limit');
          }
        }
        for (const { finding } of decision.steps) expect(finding).toMatch(/^[^\p{Cc}]+$/u);
      }),
      { numRuns: 2000 },
    );
  });

  it('is deterministic, whatever the order of the entries', () => {
    fc.assert(
      fc.property(entries, ask, now, known, (given, asked, at, about) => {
        // Rules of the same id and order, and agreements of the same pair, are one key in the bucket.
        const rules = [...new Map(given.rules.map((rule) => [rule.id, rule])).values()];
        const agreements = [...new Map(given.agreements.map((one) => [[one.first, one.second].toSorted().join(' '), one])).values()];
        const one = decide(compiled({ ...given, rules, agreements }).membership, asked, at, about);
        const backwards = { ...given, members: given.members.toReversed(), rules: rules.toReversed(), agreements: agreements.toReversed() };
        expect(decide(compiled(backwards).membership, asked, at, about)).toEqual(one);
        expect(decide(compiled({ ...given, rules, agreements }).membership, asked, at, about)).toEqual(one);
      }),
    );
  });

  it('denies by default: what goes through is from an active member by its own domain to another active member', () => {
    fc.assert(
      fc.property(entries, ask, now, known, (given, asked, at, about) => {
        const { membership } = compiled(given);
        const decision = decide(membership, asked, at, about);
        if (decision.action === 'refuse') return;
        const { peer, target } = decision;
        expect([peer?.id, peer?.status, target?.status]).toEqual([asked.peer, 'active', 'active']);
        const owner = memberOfDomain(membership, asked.fromDomain);
        if (asked.target?.$case === 'toDomain') expect([owner, memberOfDomain(membership, asked.target.value)]).toEqual([peer, target]);
        if (asked.target?.$case === 'toMember') {
          expect(target?.id).toBe(asked.target.value);
          if (asked.fromDomain !== '') expect([peer, target]).toContain(owner);
        }
        if (membership.community.model === 'direct') expect([peer?.role, target?.role].toSorted()).toEqual(['internal', 'partner']);
        if (membership.community.otherwise === 'deny') expect(decision.rule).toMatch(/^(rule|agreement) /);
        const denying = membership.rules.find(fitsEverything);
        if (denying?.action === 'deny') expect(membership.rules.indexOf(denying)).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('by names, with its checks, comes to what it says of the whole request', () => {
    fc.assert(
      fc.property(entries, ask, now, facts, (given, asked, at, about) => {
        const { membership } = compiled(given);
        expect(applied(decide(membership, asked, at), about)).toEqual(applied(decide(membership, asked, at, about), about));
      }),
      { numRuns: 3000 },
    );
  });

  it('lets nothing more through when a rule that denies everything comes first', () => {
    fc.assert(
      fc.property(entries, ask, now, known, (given, asked, at, about) => {
        const stop = Rule.fromPartial({ id: 'stop', action: 'deny' });
        const rules = [stop, ...given.rules.map((rule) => ({ ...rule, order: rule.order + 1 }))];
        expect(decide(compiled({ ...given, rules }).membership, asked, at, about).action).toBe('refuse');
      }),
    );
  });
});
