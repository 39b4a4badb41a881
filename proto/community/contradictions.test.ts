import { describe, expect, it } from 'vitest';
import { inspectCommunity } from './file.js';

const hub = `hub:
  domain: hub.example
  listeners: [{ name: members, host: 127.0.0.1, port: 5061 }]
  certificate: { cert: hub.crt, key: hub.key }
  trust: { ca: [ca.crt] }
`;
const acme = '{ id: acme, domains: [acme.example], groups: [mills], proxies: [{ host: 10.0.0.1 }] }';
const bolt = '{ id: bolt, domains: [bolt.example] }';

interface Parts {
  model?: string;
  members?: string[];
  agreements?: string;
  rules?: string;
}

/** A file of these parts, with acme and bolt where no members are given. */
function file({ model = 'limited-clearinghouse', members = [acme, bolt], agreements = '', rules = '' }: Parts): string {
  return `community: { id: guild, model: ${model} }\n${hub}members: [${members.join(', ')}]\nagreements: [${agreements}]\nrules: [${rules}]\n`;
}

function problemsOf(text: string): string[] {
  return inspectCommunity(text).problems.map((problem) => `${problem.path}: ${problem.message}`);
}

function warningsOf(text: string): string[] {
  return inspectCommunity(text).warnings.map((warning) => `${warning.path}: ${warning.message}`);
}

const rule = (id: string, rest: string) => `{ id: ${id}, ${rest} }`;
const anyToAny = 'from: { any: true }, to: { any: true }';

describe('contradictions that refuse', () => {
  it.each<[string, Parts, string[]]>([
    ['an id twice', { members: [acme, '{ id: acme, domains: [x.example] }'] }, ['members[1].id: members[0] has the id acme already']],
    [
      'a domain of two members',
      { members: [acme, '{ id: b, domains: [acme.example] }'] },
      ['members[1].domains[0]: acme.example belongs to the member acme already'],
    ],
    [
      'a domain below that of another member',
      { members: ['{ id: mill, domains: [mill.acme.example] }', acme] },
      ['members[0].domains[0]: mill.acme.example lies below acme.example of the member acme: if that is meant, name acme in below of mill'],
    ],
    [
      'a domain far below that of another member, on purpose below a third one',
      { members: [acme, bolt, '{ id: mill, domains: [a.b.acme.example], below: [bolt] }'] },
      ['members[2].domains[0]: a.b.acme.example lies below acme.example of the member acme: if that is meant, name acme in below of mill'],
    ],
    [
      'a domain twice in one member',
      { members: ['{ id: b, domains: [b.example, b.example] }'] },
      ['members[0].domains[1]: b.example is there already'],
    ],
    [
      "the hub's domain",
      { members: ['{ id: b, domains: [hub.example] }'] },
      ["members[0].domains[0]: hub.example is the hub's own domain"],
    ],
    [
      "the hub's name on a proxy",
      { members: ['{ id: b, domains: [b.example], proxies: [{ host: 1.2.3.4, name: hub.example }] }'] },
      ["members[0].proxies[0]: hub.example is the hub's own name"],
    ],
    [
      'a role of another model',
      { members: ['{ id: b, domains: [b.example], role: partner }'] },
      ['members[0].role: partner is a role of the direct model, and this is a limited-clearinghouse'],
    ],
    [
      'no role in the direct model',
      { model: 'direct', members: [bolt] },
      ['members[0].role: the direct model needs a role: internal for a server of your own, partner for the others'],
    ],
    [
      'a proxy twice',
      { members: ['{ id: b, domains: [b.example], proxies: [{ host: 1.2.3.4 }, { host: 1.2.3.4, port: 5061 }] }'] },
      ['members[0].proxies[1]: members[0].proxies[0] is at the same host and port'],
    ],
    [
      'a reason for being active',
      { members: ['{ id: b, domains: [b.example], statusReason: late }'] },
      ['members[0].statusReason: says why a member is not active, but this one is active'],
    ],
    [
      'an unknown listener',
      { members: ['{ id: b, domains: [b.example], interface: member }'] },
      ['members[0].interface: no listener is called member (did you mean members?)'],
    ],
    [
      'a proxy name of two members',
      {
        members: [
          '{ id: a, domains: [a.example], proxies: [{ host: gw.net.example }] }',
          '{ id: b, domains: [b.example], proxies: [{ host: gw.net.example, port: 5062 }] }',
        ],
      },
      ['members[1].proxies[0].host: a certificate with the name gw.net.example could be of a or of b: give this proxy a name of its own'],
    ],
    [
      "a proxy named as another member's domain",
      { members: ['{ id: a, domains: [a.example], proxies: [{ host: 1.2.3.4, name: b.example }] }', '{ id: b, domains: [b.example] }'] },
      ['members[0].proxies[0].name: a certificate with the name b.example could be of b or of a: give this proxy a name of its own'],
    ],
    [
      'an agreement with a stranger',
      { agreements: '{ members: [acme, bold] }' },
      ['agreements[0].members[1]: there is no member bold (did you mean bolt?)'],
    ],
    ['an agreement with oneself', { agreements: '{ members: [acme, acme] }' }, ['agreements[0].members: acme cannot agree with itself']],
    [
      'an agreement twice',
      { agreements: '{ members: [acme, bolt] }, { members: [bolt, acme] }' },
      ['agreements[1].members: agreements[0] is of the same two'],
    ],
    [
      "a stranger's acceptance",
      { agreements: '{ members: [acme, bolt], acceptedBy: [crane] }' },
      ['agreements[0].acceptedBy[0]: crane is not one of the two: acme, bolt'],
    ],
    [
      'an acceptance twice',
      { agreements: '{ members: [acme, bolt], acceptedBy: [acme, acme] }' },
      ['agreements[0].acceptedBy[1]: acme is there already'],
    ],
    [
      'an agreement that ends before it begins',
      { agreements: '{ members: [acme, bolt], validFrom: 2026-03-02, validUntil: 2026-03-02T00:00:00Z }' },
      ['agreements[0].validUntil: is not after validFrom, 2026-03-02: it would never hold'],
    ],
    [
      'a redirect to nowhere',
      { agreements: '{ members: [acme, bolt], mode: redirect }' },
      ['agreements[0].members[1]: bolt has no proxies to redirect to: use mode relay or give it one'],
    ],
    [
      'a rule id twice',
      { rules: [rule('r', `${anyToAny}, action: deny, methods: [INVITE]`), rule('r', `${anyToAny}, action: deny`)].join(', ') },
      ['rules[1].id: rules[0] has the id r already'],
    ],
    [
      'a rule about a stranger',
      { rules: rule('r', 'from: { member: acne }, to: { any: true }, action: deny') },
      ['rules[0].from.member: there is no member acne (did you mean acme?)'],
    ],
    [
      'a rule about nobody',
      { rules: rule('r', 'from: { any: true }, to: { group: mill }, action: deny') },
      ['rules[0].to.group: no member is in the group mill (did you mean mills?)'],
    ],
    [
      'events without their methods',
      { rules: rule('r', `${anyToAny}, action: deny, methods: [MESSAGE], events: [presence]`) },
      ['rules[0].events: only SUBSCRIBE, NOTIFY and PUBLISH have an event package, and methods names none of them'],
    ],
  ])('%s', (_, parts, expected) => {
    expect(problemsOf(file(parts))).toEqual(expected);
    expect(inspectCommunity(file(parts)).file).toBeUndefined();
  });

  it.each([
    ['a name', '{ name: members, host: 127.0.0.2 }', 'hub.listeners[1].name: hub.listeners[0] is called members too'],
    ['an address', '{ name: others, host: 127.0.0.1 }', 'hub.listeners[1].port: hub.listeners[0] listens there too'],
  ])('two listeners with %s in common', (_, second, expected) => {
    const text = file({}).replace('port: 5061 }]', `port: 5061 }, ${second}]`);
    expect(problemsOf(text)).toEqual([expected]);
  });

  it('are all told at once, in the order of the file', () => {
    const text = file({ members: [acme, acme], rules: rule('r', 'from: { member: x1 }, to: { member: y2 }, action: deny') });
    expect(inspectCommunity(text).problems.map((problem) => problem.path)).toEqual([
      'members[1].id',
      'members[1].domains[0]',
      'rules[0].from.member',
      'rules[0].to.member',
    ]);
  });
});

describe('contradictions that warn', () => {
  it.each<[string, Parts, string[]]>([
    [
      'agreements without their model',
      { model: 'clearinghouse', agreements: '{ members: [acme, bolt] }' },
      ['agreements: agreements are looked at in the model limited-clearinghouse only, and this is clearinghouse'],
    ],
    [
      'a method that is part of a call',
      { rules: rule('r', `${anyToAny}, action: deny, methods: [BYE]`) },
      ['rules[0].methods[0]: BYE is decided along with the call it belongs to: name INVITE'],
    ],
    [
      'a method that is a slip',
      { rules: rule('r', `${anyToAny}, action: deny, methods: [MESAGE]`) },
      ['rules[0].methods[0]: MESAGE is no method that is in use (did you mean MESSAGE?)'],
    ],
    [
      'a rule behind one that says the same of all',
      {
        rules: [rule('one', `${anyToAny}, action: deny`), rule('two', 'from: { group: mills }, to: { any: true }, action: deny')].join(
          ', ',
        ),
      },
      ['rules[1]: is never reached: rule one above it fits the same requests and says deny too'],
    ],
    [
      'an exception behind its rule',
      {
        rules: [
          rule('one', 'from: { group: mills }, to: { any: true }, action: deny'),
          rule('two', 'from: { member: acme }, to: { member: bolt }, methods: [MESSAGE], action: allow'),
        ].join(', '),
      },
      ['rules[1]: is never reached: rule one above it fits the same requests and says deny; move this one up if it is the exception'],
    ],
  ])('%s', (_, parts, expected) => {
    expect(problemsOf(file(parts))).toEqual([]);
    expect(warningsOf(file(parts))).toEqual(expected);
    expect(inspectCommunity(file(parts)).file).toBeDefined();
  });

  it.each([
    ['another direction', 'from: { member: acme }, to: { any: true }', 'from: { any: true }, to: { member: acme }'],
    ['more methods', `${anyToAny}, methods: [INVITE]`, `${anyToAny}, methods: [INVITE, MESSAGE]`],
    ['any method', `${anyToAny}, methods: [INVITE]`, anyToAny],
    ['other events', `${anyToAny}, events: [presence]`, `${anyToAny}, events: [dialog]`],
    ['a group that has the member', 'from: { member: acme }, to: { any: true }', 'from: { group: mills }, to: { any: true }'],
    ['a member outside the group', 'from: { group: mills }, to: { any: true }', 'from: { member: bolt }, to: { any: true }'],
  ])('not of a rule for %s', (_, first, second) => {
    const rules = [rule('one', `${first}, action: deny`), rule('two', `${second}, action: deny`)].join(', ');
    expect(warningsOf(file({ rules }))).toEqual([]);
  });
});

describe('what is no contradiction', () => {
  it.each<[string, Parts]>([
    ['a longer domain of another member', { members: [acme, '{ id: sales, below: [acme], domains: [sales.acme.example] }'] }],
    ['a domain above the hub', { members: ['{ id: a, domains: [example] }'] }],
    [
      "a proxy named as the member's own domain",
      { members: ['{ id: a, domains: [a.example], proxies: [{ host: a.example }, { host: b.net.example, name: a.example }] }'] },
    ],
    [
      'two members at one address with names of their own',
      {
        members: [
          '{ id: a, domains: [a.example], proxies: [{ host: gw.net.example, name: a.net.example }] }',
          '{ id: b, domains: [b.example], proxies: [{ host: gw.net.example, name: b.net.example }] }',
        ],
      },
    ],
    [
      'the direct model with roles',
      {
        model: 'direct',
        members: ['{ id: us, domains: [us.example], role: internal }', '{ id: they, domains: [they.example], role: partner }'],
      },
    ],
    ['nothing at all', { members: [] }],
  ])('%s', (_, parts) => {
    expect([...problemsOf(file(parts)), ...warningsOf(file(parts))]).toEqual([]);
  });
});
