import { inspectCommunity } from '@guildhall/proto/community/file';
import { nearest } from '@guildhall/proto/community/near-miss';
import { quoted } from '@guildhall/proto/community/quoted';
import { readWholeYaml, readYaml } from '@guildhall/proto/community/read-yaml';
import { printable } from '@guildhall/proto/sip/escape';
import type { Shape } from './linear.js';

const head = `community: { id: guild, name: Guild, model: clearinghouse }
hub: { domain: hub.example, listeners: [{ name: m, host: 127.0.0.1 }], certificate: { cert: a, key: b }, trust: { ca: [] } }
`;

function repeat(bytes: number, one: (at: number) => string): string {
  let text = '';
  for (let at = 0; text.length < bytes; at += 1) text += one(at);
  return text;
}

const some = '  - { id: acme, domains: [acme.example] }\n  - { id: bolt, domains: [bolt.example] }\n';

/** Whole community files. Lists stay within the bounds of the file for the sizes that are usual here. */
const files: readonly (readonly [about: string, make: (bytes: number) => string])[] = [
  ['members', (bytes) => `${head}members:\n${repeat(bytes, (at) => `  - { id: m${at}, domains: [m${at}.example] }\n`)}`],
  ['members without an id', (bytes) => `${head}members:\n${repeat(bytes, (at) => `  - { domains: [m${at}.example] }\n`)}`],
  ['members of one domain', (bytes) => `${head}members:\n${repeat(bytes, (at) => `  - { id: m${at}, domains: [same.example] }\n`)}`],
  [
    'members of one proxy',
    (bytes) =>
      `${head}members:\n${repeat(bytes, (at) => `  - { id: m${at}, domains: [m${at}.example], proxies: [{ host: same.example }] }\n`)}`,
  ],
  [
    'members with one pin',
    (bytes) => `${head}members:\n${repeat(bytes, (at) => `  - { id: m${at}, domains: [m${at}.example], pins: [${'ab'.repeat(32)}] }\n`)}`,
  ],
  ['keys nobody knows', (bytes) => `${head}members: []\n${repeat(bytes, (at) => `key${at}: 1\n`)}`],
  [
    'keys nobody knows in members',
    (bytes) => `${head}members:\n${repeat(bytes, (at) => `  - { id: m${at}, domain: x, domains: [m${at}.example] }\n`)}`,
  ],
  [
    'domains of many labels',
    (bytes) => `${head}members:\n${repeat(bytes, (at) => `  - { id: m${at}, domains: [${'a.'.repeat(100)}m${at}.example] }\n`)}`,
  ],
  ['agreements of nobody', (bytes) => `${head}members:\n${some}agreements:\n${repeat(bytes, (at) => `  - { members: [acme, n${at}] }\n`)}`],
];

function rulesOf(count: number, one: (at: number) => string): string {
  return `rules:\n${Array.from({ length: count }, (_, at) => `  - ${one(at)}\n`).join('')}`;
}

/** Each rule is looked at with all above it, of which there can be a thousand. */
const ruled: readonly (readonly [about: string, party: (at: number) => string])[] = [
  ['a thousand rules', () => '{ member: acme }'],
  [
    'a thousand rules about a hundred members',
    (at) => `{ members: [${Array.from({ length: 100 }, (_, one) => `m${one}`).join(', ')}, o${at}] }`,
  ],
];

const strangers: readonly (readonly [about: string, make: (bytes: number) => string])[] = [
  [
    'rules about members that are none',
    (bytes) =>
      `${head}members:\n${repeat(bytes / 2, (at) => `  - { id: m${at}, domains: [m${at}.example] }\n`)}${rulesOf(Math.min(1_000, bytes / 160), (at) => `{ id: r${at}, from: { member: x${at} }, to: { any: true }, action: deny }`)}`,
  ],
  [
    'agreements about members that are none',
    (bytes) =>
      `${head}members:\n${repeat(bytes / 2, (at) => `  - { id: m${at}, domains: [m${at}.example] }\n`)}agreements:\n${repeat(bytes / 2, (at) => `  - { members: [x${at}, y${at}] }\n`)}`,
  ],
];

function inspect(input: Buffer): void {
  inspectCommunity(input.toString());
}

function rulesShape(about: string, party: (at: number) => string): Shape {
  const members = repeat(4_000, (at) => `  - { id: m${at}, domains: [m${at}.example] }\n`);
  const make = (): Buffer =>
    Buffer.from(
      `${head}members:\n${some}${members}${rulesOf(1_000, (at) => `{ id: r${at}, from: ${party(at)}, to: { any: true }, action: deny }`)}`,
    );
  return { subject: 'file', about, make, work: inspect, bound: { make, ms: 5_000 } };
}

const yamls: readonly (readonly [about: string, before: string, piece: string, after: string])[] = [
  ['open brackets', '', '[', ''],
  ['open braces', '', '{', ''],
  ['open braces and colons', '', '{a: ', ''],
  ['a list of brackets', '[', '[],', ']'],
  ['dashes', '', '- ', 'x'],
  ['question marks', '', '? ', 'x'],
  ['colons', 'a', ': ', 'x'],
  ['quotes', '', '"', ''],
  ['a quote without end', '"', 'a', ''],
  ['a quote without end over lines', '"', 'a\n', ''],
  ['escapes', '"', '\\x41', '"'],
  ['comments', '', '# a\n', 'x'],
  ['spaces', 'a:', ' ', 'x'],
  ['tabs', 'a:', '\t', 'x'],
  ['empty lines', 'a:', '\n', ' x'],
  ['lines of a block', 'a: |\n', '  x\n', ''],
  ['a folded block of empty lines', 'a: >\n  x', '\n', '  y'],
  ['a plain text over lines', 'a: x', '\n  x', ''],
  ['anchors', '[', '&a x, ', ']'],
  ['aliases', '[&a x, ', '*a, ', ']'],
  ['aliases of lists', 'a: &a [x,x]\nb: [', '*a, ', ']'],
  ['tags', '', '!', ' x'],
  ['documents', '', '---\n', 'x'],
  ['directives', '', '%A b\n', '---\nx'],
  ['merges', 'a: &a {b: c}\nd:\n', '  <<: *a\n', ''],
  ['carriage returns', 'a:', '\r', ' x'],
  ['pairs of one key', '{', 'a: 1, ', '}'],
  ['digits', 'a: ', '1', ''],
  ['underscores', 'a: 0x', '_', ''],
];

function text(before: string, piece: string, after: string, bytes: number): Buffer {
  return Buffer.from(before + piece.repeat(Math.ceil(bytes / piece.length)) + after);
}

function distinct(bytes: number): Buffer {
  return Buffer.from(`{${repeat(bytes, (at) => `k${at}: 1, `)}}`);
}

/** Community files, YAML as such, and what is said about words. */
export const communityShapes: readonly Shape[] = [
  ...files.map(([about, make]): Shape => ({ subject: 'file', about, make: (bytes) => Buffer.from(make(bytes)), work: inspect })),
  ...ruled.map(([about, party]) => rulesShape(about, party)),
  // Up to two hundred strangers are compared with all who are there, and then no more.
  ...strangers.map(([about, make]): Shape => {
    const most = (): Buffer => Buffer.from(make(1_000_000));
    return { subject: 'file', about, make: most, work: inspect, bound: { make: most, ms: 5_000 } };
  }),
  ...yamls.flatMap(([about, before, piece, after]): Shape[] => [
    { subject: 'yaml', about, make: (bytes) => text(before, piece, after, bytes), work: (input) => void readYaml(input.toString()) },
    { subject: 'places', about, make: (bytes) => text(before, piece, after, bytes), work: (input) => void readWholeYaml(input.toString()) },
  ]),
  { subject: 'yaml', about: 'pairs of many keys', make: distinct, work: (input) => void readYaml(input.toString()) },
  { subject: 'places', about: 'pairs of many keys', make: distinct, work: (input) => void readWholeYaml(input.toString()) },
  {
    subject: 'words',
    about: 'a long word that is nearly another',
    make: (bytes) => Buffer.from('a'.repeat(bytes)),
    work: (input) => void nearest(`${input.toString()}b`, [input.toString(), `b${input.toString()}`]),
  },
  {
    subject: 'words',
    about: 'a text to be quoted',
    make: (bytes) => Buffer.from('"\\\x01'.repeat(bytes / 3)),
    work: (input) => void quoted(input.toString()),
  },
  {
    subject: 'words',
    about: 'a text to be printable',
    make: (bytes) => Buffer.from('"\\\x01'.repeat(bytes / 3)),
    work: (input) => void printable(input.toString()),
  },
];
