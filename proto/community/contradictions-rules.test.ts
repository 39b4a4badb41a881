import { describe, expect, it } from 'vitest';
import { inspectCommunity } from './file.js';

const members = `
  - { id: acme, domains: [acme.example], groups: [mills] }
  - { id: bolt, domains: [bolt.example, east.example] }
  - { id: crow, domains: [crow.example], groups: [mills] }
`;

/** What is said about a community with these rules. */
function inspect(rules: readonly string[], model = 'clearinghouse', who = members) {
  const text = `community: { id: guild, model: ${model} }
hub:
  domain: hub.example
  listeners: [{ name: members, host: 127.0.0.1, port: 5061 }]
  certificate: { cert: hub.crt, key: hub.key }
  trust: { ca: [ca.crt] }
members: ${who}
rules: [${rules.join(', ')}]
`;
  const told = (list: readonly { path: string; message: string }[]) => list.map(({ path, message }) => `${path}: ${message}`);
  const { problems, warnings } = inspectCommunity(text);
  return { problems: told(problems), warnings: told(warnings) };
}

const rule = (id: string, rest: string) => `{ id: ${id}, ${rest} }`;
const all = 'from: { any: true }, to: { any: true }';

describe('a rule is refused', () => {
  it.each([
    ['without parties', 'action: deny', 'rules[0]: has no from: a rule needs from and to, or between'],
    ['without a target', 'from: { any: true }, action: deny', 'rules[0]: has no to: a rule needs from and to, or between'],
    [
      'with parties and a pair',
      `${all}, between: [acme, bolt], action: deny`,
      'rules[0].between: stands instead of from and to, which are there too',
    ],
    ['of a pair of one', 'between: [acme, acme], action: deny', 'rules[0].between: acme is there twice: between names two members'],
    [
      'of a pair with a stranger',
      'between: [acme, bold], action: deny',
      'rules[0].between[1]: there is no member bold (did you mean bolt?)',
    ],
    [
      'of a list with a stranger',
      'from: { members: [acme, cow] }, to: { any: true }, action: deny',
      'rules[0].from.members[1]: there is no member cow (did you mean crow?)',
    ],
    [
      'that limits without a limit',
      `${all}, action: limit`,
      'rules[0]: limits without saying how much: add limit, such as limit: { requests: 10, per: second }',
    ],
    [
      'that denies with a limit',
      `${all}, action: deny, limit: { requests: 1 }`,
      'rules[0].limit: belongs to the action limit, and this rule says deny',
    ],
    [
      'that ends before it begins',
      `${all}, action: deny, validFrom: 2026-02-01, validUntil: 2026-01-01`,
      'rules[0].validUntil: is not after validFrom, 2026-02-01: the rule could never match',
    ],
  ])('%s', (_, rest, expected) => {
    expect(inspect([rule('r', rest)]).problems).toEqual([expected]);
  });
});

describe('a rule that can never match is told', () => {
  it.each([
    [
      'an empty list',
      'from: { members: [] }, to: { any: true }, action: allow',
      'rules[0].from.members: is empty, which means nobody: the rule can never match',
    ],
    [
      'a domain of nobody',
      'from: { any: true }, to: { domain: acne.example }, action: allow',
      'rules[0].to.domain: no member has the domain acne.example (did you mean acme.example?): the rule can never match',
    ],
    [
      'a user of nobody',
      'from: { user: ada@nowhere.test }, to: { any: true }, action: allow',
      'rules[0].from.user: no member has the domain nowhere.test: the rule can never match',
    ],
    [
      'media without sessions',
      `${all}, methods: [MESSAGE], media: [video], action: deny`,
      'rules[0].methods: only INVITE opens sessions with media, and methods does not name it: the rule can hardly ever match',
    ],
  ])('%s', (_, rest, expected) => {
    expect(inspect([rule('r', rest)])).toEqual({ problems: [], warnings: [expected] });
  });

  it('two of one side in the direct model', () => {
    const who = '[{ id: us, domains: [us.example], role: internal }, { id: branch, domains: [b.example], role: internal }]';
    expect(inspect([rule('r', 'between: [us, branch], action: allow')], 'direct', who).warnings).toEqual([
      'rules[0]: can never match: us and branch are both internal, and in the direct model only internal servers and partners talk',
    ]);
  });
});

describe('a rule behind another', () => {
  const behind = (first: string, second: string) => inspect([rule('one', first), rule('two', second)]).warnings;

  it.each([
    ['a pair behind both directions', all, 'between: [acme, bolt]'],
    ['one direction behind the pair', 'between: [acme, bolt]', 'from: { member: bolt }, to: { member: acme }'],
    ['a list behind its group', 'from: { group: mills }, to: { any: true }', 'from: { members: [acme, crow] }, to: { any: true }'],
    ['a user behind its member', 'from: { member: acme }, to: { any: true }', 'from: { user: ada@sales.acme.example }, to: { any: true }'],
    ['a user behind its domain', 'from: { any: true }, to: { domain: bolt.example }', `from: { any: true }, to: { user: b@bolt.example }`],
    ['a domain behind the one above', 'from: { any: true }, to: { domain: example }', 'from: { any: true }, to: { domain: bolt.example }'],
    ['fewer media', `${all}, media: [audio, video]`, `${all}, media: [video]`],
    ['a type behind its kind', `${all}, bodyTypes: [image/*]`, `${all}, bodyTypes: [image/png, image/gif]`],
    ['a larger body', `${all}, bodyLarger: 100`, `${all}, bodyLarger: 200`],
    ['a shorter time', `${all}, validUntil: 2027-01-01`, `${all}, validFrom: 2026-01-01, validUntil: 2026-06-01`],
    ['the same hours', `${all}, during: { days: [sat] }`, `from: { member: acme }, to: { any: true }, during: { days: [sat] }`],
    ['a shadow behind a rule', all, `${all}, shadow: true`],
  ])('is never reached: %s', (_, first, second) => {
    expect(behind(`${first}, action: deny`, `${second}, action: deny`)).toEqual([
      'rules[1]: is never reached: rule one above it fits the same requests and says deny too',
    ]);
  });

  it('contradicts it where both are about the very same', () => {
    expect(behind('between: [acme, bolt], action: deny', 'between: [bolt, acme], action: allow')).toEqual([
      'rules[1]: contradicts rule one above it, which is about the very same requests and says deny: remove one of them',
    ]);
  });

  it.each([
    ['one direction only', 'from: { member: acme }, to: { member: bolt }', 'between: [acme, bolt]'],
    ['a list with one more', 'from: { members: [acme] }, to: { any: true }', 'from: { members: [acme, bolt] }, to: { any: true }'],
    ['any body behind a type', `${all}, bodyTypes: [image/*]`, all],
    ['any media behind one', `${all}, media: [video]`, `${all}, media: [audio]`],
    ['a smaller body', `${all}, bodyLarger: 200`, `${all}, bodyLarger: 100`],
    ['at any time behind hours', `${all}, during: { days: [sat] }`, all],
    ['for longer', `${all}, validUntil: 2026-06-01`, `${all}, validUntil: 2027-01-01`],
    ['a rule behind a shadow', `${all}, shadow: true`, all],
    ['another user of the member', 'from: { user: a@acme.example }, to: { any: true }', 'from: { member: acme }, to: { any: true }'],
    ['a domain behind a member', 'from: { member: bolt }, to: { any: true }', 'from: { domain: bolt.example }, to: { any: true }'],
  ])('is reached: %s', (_, first, second) => {
    expect(behind(`${first}, action: deny`, `${second}, action: deny`)).toEqual([]);
  });
});
