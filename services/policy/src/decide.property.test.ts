import { type Authority, type Listener, Rule } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import type { Ask } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { reasons } from '@guildhall/proto/reason';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from './compile.js';
import { decide } from './decide.js';
import { memberOfDomain } from './membership.js';

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
});

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
      action: fc.constantFrom('allow', 'deny', 'odd', ''),
      reason: fc.constantFrom('', 'why'),
      order: fc.nat(5),
      pair: fc.constant<string[]>([]),
      media: fc.constant<string[]>([]),
      bodyTypes: fc.constant<string[]>([]),
      bodyLarger: fc.constant(0n),
      validFrom: fc.constant(''),
      validUntil: fc.constant(''),
      shadow: fc.constant(false),
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

describe('decide', () => {
  it('is total: one action with its code, rule and one clean sentence for every ask', () => {
    fc.assert(
      fc.property(entries, ask, now, (given, asked, at) => {
        const decision = decide(compiled(given).membership, asked, at);
        expect(decision.sentence).toMatch(/^[^\p{Cc}]{10,}[.!?]$/u);
        expect(decision.rule).not.toBe('');
        expect(decision.holdsFor >= 0 && decision.holdsFor <= 0xffff_ffff && Number.isInteger(decision.holdsFor)).toBe(true);
        const { status } = reasons[decision.code];
        if (decision.action === 'forward') expect([decision.code, decision.contacts.length]).toEqual(['allowed', 0]);
        if (decision.action === 'redirect') expect([status, decision.contacts.length > 0]).toEqual([302, true]);
        if (decision.action === 'refuse') expect([status >= 400, decision.contacts.length]).toEqual([true, 0]);
      }),
      { numRuns: 2000 },
    );
  });

  it('is deterministic, whatever the order of the entries', () => {
    fc.assert(
      fc.property(entries, ask, now, (given, asked, at) => {
        // Rules of the same id and order, and agreements of the same pair, are one key in the bucket.
        const rules = [...new Map(given.rules.map((rule) => [rule.id, rule])).values()];
        const agreements = [...new Map(given.agreements.map((one) => [[one.first, one.second].toSorted().join(' '), one])).values()];
        const one = decide(compiled({ ...given, rules, agreements }).membership, asked, at);
        const backwards = { ...given, members: given.members.toReversed(), rules: rules.toReversed(), agreements: agreements.toReversed() };
        expect(decide(compiled(backwards).membership, asked, at)).toEqual(one);
        expect(decide(compiled({ ...given, rules, agreements }).membership, asked, at)).toEqual(one);
      }),
    );
  });

  it('denies by default: what goes through is from an active member by its own domain to another active member', () => {
    fc.assert(
      fc.property(entries, ask, now, (given, asked, at) => {
        const { membership } = compiled(given);
        const decision = decide(membership, asked, at);
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
        const denying = membership.rules.find(
          (rule) => rule.from.kind === 'any' && rule.to.kind === 'any' && rule.methods === undefined && rule.events === undefined,
        );
        if (denying?.action === 'deny') expect(membership.rules.indexOf(denying)).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets nothing more through when a rule that denies everything comes first', () => {
    fc.assert(
      fc.property(entries, ask, now, (given, asked, at) => {
        const stop = Rule.fromPartial({ id: 'stop', action: 'deny' });
        const rules = [stop, ...given.rules.map((rule) => ({ ...rule, order: rule.order + 1 }))];
        expect(decide(compiled({ ...given, rules }).membership, asked, at).action).toBe('refuse');
      }),
    );
  });
});
