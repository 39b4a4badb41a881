import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { communityDraft } from './draft.js';
import { communityEntries } from './entries.js';
import { inspectCommunity } from './file.js';
import { communityFileSchema } from './schema.js';
import { writeCommunity } from './write.js';

const pem = (label: string) => (body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const certificate = pem('CERTIFICATE');
const list = pem('X509 CRL');

const letters = (min: number, max: number) => fc.string({ unit: fc.constantFrom(...'abcdefghij'), minLength: min, maxLength: max });
const base64 = fc.string({ unit: fc.constantFrom(...'ABCDabcd0123+/'), minLength: 4, maxLength: 64 });
/** Words that YAML could take for something else. */
const words = fc.oneof(
  fc.constantFrom(
    'yes',
    'null',
    '~',
    '1e3',
    '0x10',
    '- a',
    '# no',
    'a: b',
    "it's",
    '"',
    '|',
    '>',
    '!x',
    '&a',
    '*a',
    '2026-01-01',
    '{}',
    '%',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => text.replace(/[\p{Cc}\p{Cs}]/gu, 'x')),
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const trust = fc.record({
  ca: fc.array(base64.map(certificate), { minLength: 1, maxLength: 2 }),
  crl: fc.array(base64.map(list), { maxLength: 2 }),
});
const hour = fc.nat({ max: 1439 }).map((at) => `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`);

const memberOf = (id: string) =>
  fc.record(
    {
      id: fc.constant(id),
      domains: fc.constant([`${id}.example`]),
      name: words,
      groups: fc.uniqueArray(letters(1, 4), { maxLength: 2 }),
      proxies: fc.uniqueArray(
        fc.record(
          { host: letters(1, 5).map((label) => `${label}.${id}.example`), port: fc.integer({ min: 1, max: 65_535 }), priority: fc.nat(9) },
          { requiredKeys: ['host'] },
        ),
        { maxLength: 2, selector: ({ host }) => host },
      ),
      pins: fc.constant(['ab'.repeat(32)]),
      trust,
      status: fc.constantFrom('suspended', 'quarantined', 'pending'),
      statusReason: words,
      statusUntil: instant,
      dialect: fc.constantFrom('standard', 'microsoft'),
      below: fc.constantFrom([], ['acme'], ['acme', 'bolt']),
      acceptCommonName: fc.boolean(),
    },
    { requiredKeys: ['id', 'domains', 'status'] },
  );

const ruleOf = (id: string, ids: readonly string[]) => {
  const party = fc.oneof(
    fc.constant({ any: true }),
    fc.record({ member: fc.constantFrom(...ids) }),
    fc.record({ members: fc.subarray([...ids]) }),
    fc.record({ domain: letters(1, 4).map((label) => `${label}.example`) }),
    fc.record({ user: letters(1, 4).map((name) => `${name}.O'x@${name}.example`) }),
  );
  return fc.record(
    {
      id: fc.constant(id),
      from: party,
      to: party,
      methods: fc.constant(['INVITE']),
      media: fc.constant(['audio', 'video']),
      bodyTypes: fc.constant(['image/*']),
      bodyLarger: fc.integer({ min: 1, max: 1000 }),
      during: fc.oneof(
        fc.record({ from: hour, until: hour }),
        fc.record({ days: fc.constant(['mon', 'sun']) }),
        fc.record({ days: fc.constant(['tue']), from: hour, until: hour }),
      ),
      validFrom: instant,
      action: fc.constantFrom('allow', 'deny'),
      shadow: fc.boolean(),
      reason: words,
    },
    { requiredKeys: ['id', 'from', 'to', 'action'] },
  );
};

const community = fc.uniqueArray(letters(1, 6), { minLength: 2, maxLength: 4 }).chain((ids) =>
  fc.record({
    community: fc.record(
      {
        id: letters(1, 6),
        model: fc.constantFrom('clearinghouse', 'limited-clearinghouse'),
        name: words,
        otherwise: fc.constantFrom('allow', 'deny'),
      },
      { requiredKeys: ['id', 'model'] },
    ),
    hub: fc.record({
      domain: fc.constant('hub.test'),
      listeners: fc.constant([
        { name: 'm', host: '127.0.0.1', advertise: { host: 'hub.test' } },
        { name: 'n', host: '::1', port: 5062 },
      ]),
      certificate: fc.record({ cert: words, key: words }),
      trust,
    }),
    members: fc.tuple(...ids.map(memberOf)),
    agreements: fc
      .record(
        { members: fc.constant([ids[1], ids[0]]), acceptedBy: fc.subarray(ids.slice(0, 2)), validUntil: maybe(instant), note: words },
        { requiredKeys: ['members'] },
      )
      .map((agreement) => [agreement]),
    rules: fc.tuple(ruleOf('r-1', ids), ruleOf('r-2', ids)),
  }),
);

describe('writeCommunity', () => {
  it('loses nothing: entries, file, entries', () => {
    let read = 0;
    fc.assert(
      fc.property(community, (draft) => {
        const parsed = communityFileSchema.safeParse(JSON.parse(JSON.stringify(draft)));
        if (!parsed.success) throw new Error(parsed.error.message);
        const entries = communityEntries(parsed.data, new Map());
        const { file, problems } = inspectCommunity(writeCommunity(entries, 'all of it'));
        // Random rules may contradict each other: then the file is refused for that, and only for that.
        if (file === undefined) {
          expect(problems.every(({ message }) => !message.includes('YAML') && !message.includes('no such key'))).toBe(true);
          const again = communityFileSchema.parse(JSON.parse(JSON.stringify(communityDraft(entries))));
          expect(communityEntries(again, new Map())).toEqual(entries);
          return;
        }
        read += 1;
        expect(communityEntries(file, new Map())).toEqual(entries);
      }),
      { numRuns: 100 },
    );
    expect(read).toBeGreaterThan(5);
  });

  it('keeps a heading on its line', () => {
    const entries = communityEntries(
      communityFileSchema.parse({
        community: { id: 'guild' },
        hub: { domain: 'hub.test', listeners: [{ name: 'm', host: '::1' }], certificate: { cert: 'a', key: 'b' }, trust: {} },
      }),
      new Map(),
    );
    const text = writeCommunity(entries, 'one\nmembers: []');
    expect(text.split('\n')[0]).toBe('# one members: []');
    expect(inspectCommunity(text).problems).toEqual([]);
  });

  it('writes PEM texts line by line, as people paste them', () => {
    const entries = communityEntries(
      communityFileSchema.parse({
        community: { id: 'guild' },
        hub: {
          domain: 'hub.test',
          listeners: [{ name: 'm', host: '::1' }],
          certificate: { cert: 'a', key: 'b' },
          trust: { ca: [certificate('AAAA')], crl: [list('BBBB')] },
        },
      }),
      new Map(),
    );
    expect(writeCommunity(entries, 'x')).toContain('- |\n        -----BEGIN CERTIFICATE-----\n        AAAA\n');
  });
});
