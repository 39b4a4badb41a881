import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectCommunity, readCommunity } from './file.js';
import { CommunityError, renderProblem } from './problem.js';

const head = `community: { id: guild }
hub:
  domain: hub.example
  listeners: [{ name: members, host: 127.0.0.1 }]
  certificate: { cert: hub.crt, key: hub.key }
  trust: { ca: [ca.crt] }
`;

/** What is said about a file, as `line:column path: message`. */
function said(text: string): string[] {
  return inspectCommunity(text).problems.map((problem) => renderProblem('f', problem));
}

describe('inspectCommunity refuses', () => {
  it.each([
    ['', 'f:1:1: the file is empty'],
    ['# nothing', 'f:1:1: the file is empty'],
    ['just text', 'f:1:1: is the text "just text", but should be a map of keys'],
    ['[1, 2]', 'f:1:1: is a list, but should be a map of keys'],
    ['a: [1', 'f:1:6: this is not YAML'],
    ['a: 1\na: 2', 'f:2:1: this is not YAML: Map keys must be unique'],
    ['a: &x [*x]', 'f:1:8: this is not YAML: the alias stands for what it is in itself'],
    ['a: &x 1\nb: [*x]', 'f:1:1: a: there is no such key'],
    [`${head}members: &x [*x]`, 'f:7:14: this is not YAML: the alias stands for what it is in itself'],
    ['a: !!js/function x', 'f:1:4: this is not YAML'],
    ['--- 1\n--- 2', 'f:2:1: a second document begins here'],
    [`${head}rulez: []`, 'f:7:1: rulez: there is no such key (did you mean rules?)'],
    [`${head}__proto__: { a: 1 }`, 'f:7:1: __proto__: there is no such key'],
    [`${head}members: no`, 'f:7:10: members: is the text "no", but should be a list'],
    [`${head}members:`, 'f:7:9: members: is nothing, but should be a list'],
    [
      `${head}members:\n  - id: a\n    domains: [a.example]\n    proxys: []`,
      'f:10:5: members[0].proxys: there is no such key (did you mean proxies?)',
    ],
    [`${head}members:\n  - { id: a }`, 'f:8:5: members[0].domains: is missing'],
    [`${head}members:\n  - { id: a, domains: [A.example] }`, 'f:8:24: members[0].domains[0]: "A.example" has capital letters'],
    [
      `${head}members:\n  - { id: a, domains: [a.example], proxies: [{ host: b, prot: 1 }] }`,
      'f:8:57: members[0].proxies[0].prot: there is no such key (did you mean port?)',
    ],
    [
      `${head}members:\n  - { id: a, domains: [a.example], status: suspend }`,
      'members[0].status: is the text "suspend", but should be one of active',
    ],
    [`${head}members:\n  - { id: a, domains: [a.example], pins: [ABC] }`, 'is no fingerprint'],
    [`${head}members:\n  - { id: a, domains: [a.example], statusReason: "a\\r\\nb", status: pending }`, 'control character'],
    [`${head}rules: [{ id: r, from: { any: true, member: a }, to: { any: true }, action: deny }]`, 'rules[0].from: names exactly one of'],
    [`${head}agreements: [{ members: [a, b, c] }]`, 'agreements[0].members: must have at most 2 entries'],
    [`${head}agreements: [{ members: [a, b], validUntil: 2026-02-31 }]`, 'is no date'],
    [`${head}agreements: [{ members: [a, b], validUntil: tomorrow }]`, 'is no date'],
    [`${head}members: [{ id: 007, domains: [a.example] }]`, 'members[0].id: is the number 7, but should be text: put it in quotes'],
    ['community: { id: guild }', 'f:1:1: hub: is missing'],
    [head.replace('host: 127.0.0.1', 'host: 127.0.0.1, port: 65536'), 'hub.listeners[0].port: must be at most 65535'],
    [`${head}members: [{ id: a, domains: [a.example], trust: { ca: [] } }]`, 'members[0].trust.ca: must have at least 1 entry'],
  ])('%j', (text, expected) => {
    expect(said(text).join('\n')).toContain(expected);
    expect(inspectCommunity(text).file).toBeUndefined();
  });

  it('everything at once, in the order of the file', () => {
    const text = 'community: { id: GUILD, nmae: x }\nhub: { domain: 1 }\nmember: []';
    const { problems } = inspectCommunity(text);
    expect(problems.map((problem) => problem.path)).toEqual([
      'community.id',
      'community.nmae',
      'hub.listeners',
      'hub.certificate',
      'hub.trust',
      'hub.domain',
      'member',
    ]);
  });

  it('what an alias repeats, where it stands first', () => {
    const text = `${head}members:\n  - &m { id: a, domains: [a.example] }\n  - *m`;
    expect(said(text)).toEqual([
      'f:8:14: members[1].id: members[0] has the id a already',
      'f:8:27: members[1].domains[0]: a.example is there already',
    ]);
  });

  it('a thousand slips with two hundred words', () => {
    const { problems } = inspectCommunity(`${head}members: [${'x, '.repeat(1000)}]`);
    expect(problems).toHaveLength(200);
  });
});

describe('inspectCommunity', () => {
  it('fills in what was left out', () => {
    const text = `${head}members: [{ id: a, domains: [a.example], proxies: [{ host: 10.0.0.1 }] }, { id: b, domains: [b.example] }]
agreements: [{ members: [a, b] }]`;
    const { file } = inspectCommunity(text);
    expect(file?.community.model).toBe('clearinghouse');
    expect(file?.hub.listeners).toEqual([{ name: 'members', host: '127.0.0.1', port: 5061 }]);
    expect(file?.members[0]).toEqual({
      id: 'a',
      role: 'member',
      domains: ['a.example'],
      groups: [],
      proxies: [{ host: '10.0.0.1', port: 5061, priority: 1, weight: 1 }],
      pins: [],
      status: 'active',
      acceptCommonName: false,
      dialect: 'standard',
      below: [],
    });
    expect(file?.agreements[0]).toEqual({ members: ['a', 'b'], mode: 'relay' });
    expect(file?.rules).toEqual([]);
  });

  it('holds partners that were met by DNS to few requests and users', () => {
    const { file } = inspectCommunity(head.replace('id: guild', 'id: guild, discovery: { trust: { ca: [world.crt] } }'));
    expect(file?.community.discovery).toEqual({
      trust: { ca: ['world.crt'] },
      requestsPerSecond: 20,
      contacts: 1_000,
      suspectRequestsPerSecond: 1,
      partners: 1_000,
    });
  });

  it('places what others find', () => {
    const inspection = inspectCommunity(head);
    expect(inspection.problems).toEqual([]);
    expect(inspection.problemAt(['hub', 'trust', 'ca', 0], 'is not there')).toEqual({
      line: 6,
      column: 17,
      path: 'hub.trust.ca[0]',
      message: 'is not there',
    });
  });

  it('never throws, whatever it is given', () => {
    const pieces = fc.constantFrom(
      'a: ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '\n',
      '  ',
      '*a',
      '&a ',
      '"',
      "'",
      '!!',
      '|',
      'members',
      ': ',
      '---',
      '\t',
      '\u0000',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const { file, problems } = inspectCommunity(text);
          expect(file === undefined).toBe(problems.length > 0);
          for (const problem of problems) expect(problem.line >= 1 && problem.column >= 1).toBe(true);
        },
      ),
    );
  });

  it('finds nothing wrong with the example that ships', () => {
    const text = readFileSync(new URL('../../deploy/community.example.yaml', import.meta.url), 'utf8');
    const { file, problems, warnings } = inspectCommunity(text);
    expect([...problems, ...warnings]).toEqual([]);
    expect(file?.members.map((member) => member.id)).toEqual(['acme', 'bolt', 'crane']);
  });
});

describe('readCommunity', () => {
  it('throws all problems with the name of the file', () => {
    expect(() => readCommunity('a: 1\nb: 2', 'guild.yaml')).toThrow(CommunityError);
    expect(() => readCommunity('a: 1\nb: 2', 'guild.yaml')).toThrow(/^guild\.yaml:1:1: (.|\n)*guild\.yaml:2:1: b: there is no such key/);
  });

  it('returns what is sound', () => {
    expect(readCommunity(head, 'guild.yaml').community.id).toBe('guild');
  });
});
