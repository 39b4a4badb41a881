import { describe, expect, it } from 'vitest';
import { inspectCommunity } from './file.js';

/** What is wrong with a file of these members. */
function problemsOf(members: string, community = 'model: clearinghouse', agreements = ''): string[] {
  const text = `community: { id: guild, ${community} }
hub:
  domain: hub.example
  listeners: [{ name: members, host: 127.0.0.1, port: 5061 }]
  certificate: { cert: hub.crt, key: hub.key }
  trust: { ca: [ca.crt] }
members: [${members}]
agreements: [${agreements}]
`;
  return inspectCommunity(text).problems.map((problem) => `${problem.path}: ${problem.message}`);
}

const acme = '{ id: acme, domains: [acme.example] }';
const south = '{ id: south, domains: [south.example], role: clearinghouse }';

describe('a default route', () => {
  it.each([
    ['sowth', 'community.defaultRoute: there is no member sowth (did you mean south?)'],
    ['acme', 'community.defaultRoute: acme is member, and only a member of the role clearinghouse gets what is for nobody'],
  ])('to %s is refused', (route, problem) => {
    expect(problemsOf(`${acme}, ${south}`, `defaultRoute: ${route}`)).toEqual([problem]);
  });

  it.each(['clearinghouse', 'limited-clearinghouse', 'direct'])('to a clearinghouse is good in the model %s', (model) => {
    const own = model === 'direct' ? '{ id: acme, domains: [acme.example], role: internal }' : acme;
    expect(problemsOf(`${own}, ${south}`, `model: ${model}, defaultRoute: south`)).toEqual([]);
  });
});

describe('a member that is found by DNS', () => {
  it.each([
    [
      '{ id: bolt, domains: [bolt.example], lookup: bolt.example, proxies: [{ host: 10.0.0.1 }] }',
      'members[0].lookup: it is found by DNS or at its proxies: leave out one of lookup and proxies',
    ],
    ['{ id: bolt, domains: [bolt.example], lookup: hub.example }', "members[0].lookup: hub.example is the hub's own name"],
  ])('%s is refused', (member, problem) => {
    expect(problemsOf(member)).toEqual([problem]);
  });

  it('must not carry another member’s name', () => {
    expect(problemsOf(`${acme}, { id: bolt, domains: [bolt.example], lookup: acme.example }`)).toEqual([
      'members[1].lookup: a certificate with the name acme.example could be of acme or of bolt: look it up under a name of its own',
    ]);
    const shared = 'lookup: hoster.test';
    expect(problemsOf(`{ id: a, domains: [a.example], ${shared} }, { id: b, domains: [b.example], ${shared} }`)).toHaveLength(1);
  });

  it.each(['lookup: sip.acme.example', 'proxies: [{ host: sip2.acme.example }]', 'proxies: [{ host: 10.0.0.1, name: a.b.acme.example }]'])(
    'must not carry a name below another member’s domain unless that is meant: %s',
    (where) => {
      expect(problemsOf(`${acme}, { id: bolt, domains: [bolt.example], ${where} }`)).toEqual([
        expect.stringContaining('lies below acme.example of the member acme: if that is meant, name acme in below of bolt'),
      ]);
      expect(problemsOf(`${acme}, { id: bolt, domains: [bolt.example], below: [acme], ${where} }`)).toEqual([]);
    },
  );

  it('may have a name below a domain that was only met', () => {
    const met = '{ id: met, domains: [hoster.test], role: discovered, lookup: hoster.test }';
    expect(problemsOf(`${met}, { id: bolt, domains: [bolt.example], proxies: [{ host: bolt.hoster.test }] }`)).toEqual([]);
  });

  it('may be redirected to, in its role or as a plain member', () => {
    const members = '{ id: a, domains: [a.example], lookup: a.example }, { id: b, domains: [b.example], lookup: sip.b.example }';
    expect(problemsOf(members, 'model: limited-clearinghouse', '{ members: [a, b], mode: redirect }')).toEqual([]);
  });
});

describe('a pinned key', () => {
  it('is one member’s', () => {
    const pin = 'ab'.repeat(32);
    expect(problemsOf(`{ id: a, domains: [a.example], pins: [${pin}] }, { id: b, domains: [b.example], pins: [${pin}] }`)).toEqual([
      'members[1].pins[0]: the member a pins this key already',
    ]);
  });
});

describe('roles and states', () => {
  it.each([
    ['internal', 'members[0].role: internal is a role of the direct model, and this is a clearinghouse'],
    ['partner', 'members[0].role: partner is a role of the direct model, and this is a clearinghouse'],
  ])('%s is none in a clearinghouse', (role, problem) => {
    expect(problemsOf(`{ id: a, domains: [a.example], role: ${role} }`)).toEqual([problem]);
  });

  it('discovered is one in every model', () => {
    expect(problemsOf('{ id: a, domains: [a.example], role: discovered, lookup: a.example }')).toEqual([]);
    expect(problemsOf('{ id: a, domains: [a.example], role: discovered, lookup: a.example }', 'model: direct')).toEqual([]);
  });

  it('what is active does not end, and only one of the two proposes', () => {
    expect(problemsOf('{ id: a, domains: [a.example], statusUntil: 2027-01-01 }')).toEqual([
      'members[0].statusUntil: says until when a member is not active, but this one is active',
    ]);
    const agreement = '{ members: [acme, bolt], proposedBy: crow }';
    expect(problemsOf(`${acme}, { id: bolt, domains: [bolt.example] }`, 'model: limited-clearinghouse', agreement)).toEqual([
      'agreements[0].proposedBy: crow is not one of the two: acme, bolt',
    ]);
  });
});
