import {
  Agreement as AgreementEntry,
  Community,
  Member as MemberEntry,
  Rule as RuleEntry,
} from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { describe, expect, it } from 'vitest';
import { compile, type Entries } from './compile.js';
import { memberOfDomain, rulesFor } from './membership.js';

type Member = Entries['members'][number];
type Rule = Entries['rules'][number];
type Agreement = Entries['agreements'][number];

const member = (id: string, rest: Partial<Member> = {}): Member => ({
  ...MemberEntry.create(),
  id,
  name: id,
  role: 'member',
  status: 'active',
  statusReason: '',
  domains: [`${id}.example`],
  groups: [],
  proxies: [],
  anchors: [],
  pins: [],
  acceptCommonName: false,
  interface: '',
  ...rest,
});
const anyone = { who: { $case: 'any' as const, value: true } };
const rule = (id: string, rest: Partial<Rule> = {}): Rule => ({
  ...RuleEntry.create(),
  id,
  from: anyone,
  to: anyone,
  methods: [],
  events: [],
  action: 'deny',
  reason: '',
  order: 0,
  ...rest,
});
const agreement = (rest: Partial<Agreement> = {}): Agreement => ({
  ...AgreementEntry.create(),
  first: 'a',
  second: 'b',
  mode: 'relay',
  acceptedBy: ['a', 'b'],
  validFrom: '',
  validUntil: '',
  ...rest,
});
const entries = (rest: Partial<Entries> = {}): Entries => ({
  version: 3n,
  community: { ...Community.create(), id: 'guild', name: 'Guild', model: 'limited-clearinghouse', domain: 'hub.example', anchors: ['PEM'] },
  members: [],
  agreements: [],
  rules: [],
  authorities: [],
  ...rest,
});

function compiled(rest: Partial<Entries>) {
  const result = compile(entries(rest));
  if (result === undefined) throw new Error('the model is known');
  return result;
}

describe('compile takes what it cannot read in the sense that lets less through', () => {
  it('an unknown model decides nothing', () => {
    expect(compile(entries({ community: Community.fromPartial({ id: 'g', model: 'open', domain: 'hub.example' }) }))).toBeUndefined();
  });

  it('a member without an id is not taken for the default route that nobody named', () => {
    expect(compiled({ members: [member('', { domains: [] })] }).membership.community.defaultRoute).toBeUndefined();
  });

  it.each<[string, Partial<Entries>, string]>([
    ['an unknown role', { members: [member('a', { role: 'boss' })] }, 'member a is left out: its role "boss" is unknown'],
    ['an unknown status', { members: [member('a', { status: 'fine' })] }, 'member a is taken as pending: its status "fine" is unknown'],
    [
      'a domain that is none',
      { members: [member('a', { domains: ['*.example'] })] },
      'a domain of member a is left out: "*.example" has a wildcard',
    ],
    [
      'a host that is none',
      { members: [member('a', { proxies: [{ host: 'x y', port: 1, name: '', priority: 1, weight: 1 }] })] },
      'a proxy of member a is left out: "x y" has a character',
    ],
    ["the hub's domain", { members: [member('a', { domains: ['hub.example'] })] }, "member a claims the hub's own domain hub.example"],
    [
      'a domain of two',
      { members: [member('a'), member('b', { domains: ['a.example'] })] },
      'the domain a.example is claimed by several members',
    ],
    ['a date that is none', { agreements: [agreement({ validUntil: 'soon' })] }, 'the agreement of a and b is left out'],
    ['a mode that is none', { agreements: [agreement({ mode: 'tunnel' })] }, 'the agreement of a and b is left out'],
    ['an agreement with oneself', { agreements: [agreement({ second: 'a' })] }, 'the agreement of a and a is left out'],
    ['an unknown action', { rules: [rule('r', { action: 'limit' })] }, 'rule r is taken as a denial'],
    ['a rule without parties', { rules: [rule('r', { action: 'allow', to: undefined })] }, 'rule r is taken as a denial'],
  ])('%s', (_, rest, problem) => {
    expect(compiled(rest).problems).toEqual([expect.stringContaining(problem)]);
  });

  it('and leaves the rest as it is', () => {
    const { membership } = compiled({
      members: [
        member('a', { status: 'fine' }),
        member('b', { role: 'boss' }),
        member('c', { domains: ['c.example', 'A.example', 'd.example'] }),
        member('d'),
      ],
      rules: [rule('r', { action: 'limit' }), rule('s', { action: 'allow', from: {}, order: 1 })],
      agreements: [agreement({ mode: 'tunnel' })],
    });
    expect(membership.ids).toEqual(['a', 'c', 'd']);
    expect(membership.members.get('a')?.status).toBe('pending');
    expect([...membership.domains.keys()]).toEqual(['a.example', 'c.example']);
    expect(membership.rules.map((one) => one.action)).toEqual(['deny', 'deny']);
    expect(membership.agreements.size).toBe(0);
  });

  it('keeps words of operators on one line', () => {
    const { membership } = compiled({
      members: [member('a', { statusReason: 'x\r\nVia: y', name: 'n\u0000' })],
      rules: [rule('r', { reason: `${'z'.repeat(400)}\n` })],
    });
    expect([membership.members.get('a')?.statusReason, membership.members.get('a')?.name]).toEqual(['x Via: y', 'n ']);
    expect(membership.rules[0]?.reason).toBe('z'.repeat(300));
  });
});

describe('compile', () => {
  it('finds a member by its domain or the nearest parent', () => {
    const { membership } = compiled({
      members: [member('a'), member('s', { domains: ['sales.a.example'] }), member('top', { domains: ['example'] })],
    });
    const found = (domain: string) => memberOfDomain(membership, domain)?.id;
    expect(['a.example', 'x.a.example', 'sales.a.example', 'x.sales.a.example', 'xsales.a.example'].map(found)).toEqual([
      'a',
      'a',
      's',
      's',
      'a',
    ]);
    expect(['b.example', 'example', 'test', '', '.', 'hub.example', 'x.hub.example'].map(found)).toEqual([
      'top',
      'top',
      undefined,
      undefined,
      undefined,
      undefined,
      'top',
    ]);
  });

  it('orders rules and keeps at hand those that a method can meet', () => {
    const rules = [
      rule('z', { order: 2, methods: ['INVITE'] }),
      rule('y', { order: 1 }),
      rule('b', { order: 0, methods: ['MESSAGE', 'INVITE'] }),
      rule('a', { order: 0, methods: ['MESSAGE'] }),
    ];
    const { membership } = compiled({ rules });
    const ids = (method: string) => rulesFor(membership, method).map((one) => one.id);
    expect(membership.rules.map((one) => one.id)).toEqual(['a', 'b', 'y', 'z']);
    expect([ids('INVITE'), ids('MESSAGE'), ids('BYE'), ids('constructor')]).toEqual([['b', 'y', 'z'], ['a', 'b', 'y'], ['y'], ['y']]);
  });

  it('makes ten thousand members into a snapshot with every name at hand', () => {
    const members = Array.from({ length: 10_000 }, (_, at) =>
      member(`m${at}`, { domains: [`m${at}.example`, `m${at}.test`], groups: [`g${at % 50}`] }),
    );
    const { membership, problems } = compiled({ members });
    expect([membership.members.size, membership.domains.size, problems.length]).toEqual([10_000, 20_000, 0]);
    expect(memberOfDomain(membership, 'a.b.m9999.test')?.id).toBe('m9999');
  });
});
