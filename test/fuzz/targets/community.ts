import { readFileSync } from 'node:fs';
import { communityEntries } from '@guildhall/proto/community/entries';
import { inspectCommunity } from '@guildhall/proto/community/file';
import { readYaml } from '@guildhall/proto/community/read-yaml';
import { writeCommunity } from '@guildhall/proto/community/write';
import type { Random } from '../random.js';
import { Broken, promise, promiseSame, type Target } from '../target.js';

const samples = new URL(import.meta.url.includes('/dist/') ? '../../../../deploy/' : '../../../deploy/', import.meta.url);

const words: readonly string[] = [
  'members:\n',
  '  - id: acme\n',
  'domains: [acme.example]',
  'proxies: [{ host: a.b }]',
  'rules:\n  - { id: r, action: deny, from: { any: true } }\n',
  '&a ',
  '*a',
  '<<: *a\n',
  '{',
  '[',
  '}',
  ']',
  '!!binary ',
  '!!js/function ',
  '? ',
  '|\n  ',
  '>-\n',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  'null',
  'true',
  '0x1f',
  '1e999',
  '.nan',
  '__proto__: 1\n',
  'constructor: { prototype: x }\n',
  '"\\u0000"',
  '\t',
  '#',
];

const small = `community: { id: guild, name: Guild, model: clearinghouse }
hub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: { ca: [] } }
members:
  - { id: acme, domains: [acme.example], proxies: [{ host: sip.acme.example }], groups: [g], pins: [${'ab'.repeat(32)}] }
  - id: bolt
    domains: [bolt.example, "b.example"]
    status: suspended
    statusReason: late
rules:
  - { id: r1, from: { group: g }, to: { member: bolt }, methods: [INVITE], action: deny }
  - { id: r2, between: [acme, bolt], action: limit, limit: { requests: 5, per: minute }, during: { days: [mon], from: "08:00", until: "17:00" } }
agreements: [{ members: [acme, bolt], mode: relay, validFrom: 2027-01-01 }]
`;

function anyYaml(random: Random, depth: number): string {
  const value = (): string => (depth > 3 ? random.pick(['1', 'x', '""', '~', '[]']) : anyYaml(random, depth + 1));
  switch (random.below(4)) {
    case 0:
      return `[${Array.from({ length: random.below(4) }, value).join(', ')}]`;
    case 1:
      return `{ ${Array.from({ length: random.below(4) }, () => `${random.pick(['id', 'name', 'from', 'any', 'host', 'domains', '__proto__', '? a'])}: ${value()}`).join(', ')} }`;
    default:
      return random.pick(['acme', '1', '-1', '0.5', 'true', 'null', '"a b"', "'x'", '2027-01-01', '08:00', '*a', '&a x', '!!str 1']);
  }
}

const keys = ['community', 'hub', 'members', 'rules', 'agreements', 'other'];

function made(random: Random): Buffer {
  if (random.once(2))
    return Buffer.from(small.replace(/\[[^[\]]*\]|\b[a-z]+\b(?=[ ,}\n])/g, (was) => (random.once(12) ? anyYaml(random, 2) : was)));
  return Buffer.from(keys.map((key) => `${key}: ${anyYaml(random, 0)}\n`).join(''));
}

/** A community file: used, or refused with places; used ones can be written back. */
export const communityTarget: Target = {
  name: 'community',
  about: 'a community file: read or told where it is wrong, never thrown; what is read is the same when written and read again',
  longest: 4_096,
  words,
  seeds: () => [
    Buffer.from(small),
    readFileSync(new URL('community.yaml', samples)),
    readFileSync(new URL('community.example.yaml', samples)),
  ],
  make: made,
  run(input) {
    const text = input.toString('utf8');
    const { file, problems, warnings } = inspectCommunity(text);
    promise((file === undefined) === problems.length > 0, 'a file is used or has problems');
    for (const { line, column, message } of [...problems, ...warnings])
      promise(line >= 1 && column >= 1 && message !== '', 'a problem has a place and words');
    if (file === undefined) return `${problems.length} ${problems[0]?.path.replace(/\d+/g, '') ?? ''} ${problems[0]?.message.slice(0, 20)}`;
    if (readYaml(text).faults !== undefined) throw new Broken('what is no YAML is no community');
    const paths = new Map(
      [...(file.hub.trust.ca ?? []), ...file.members.flatMap(({ trust }) => trust?.ca ?? [])].map((path) => [path, '']),
    );
    if (paths.size > 0 || file.hub.trust.crl.length > 0) return 'names other files';
    const entries = communityEntries(file, new Map());
    const again = inspectCommunity(writeCommunity(entries, 'fuzz'));
    promiseSame(
      again.problems.map(({ path, message }) => `${path} ${message}`).join('; '),
      '',
      'what was read is sound when it is written',
    );
    if (again.file !== undefined)
      promiseSame(show(communityEntries(again.file, new Map())), show(entries), 'what is written reads the same');
    return `sound ${file.members.length} ${file.rules.length} ${warnings.length}`;
  },
};

function show(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one));
}
