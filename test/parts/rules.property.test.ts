import { type AskAdmission, admit, type Hub } from '@guildhall/ingress/admit';
import { requestFacts } from '@guildhall/ingress/request-facts';
import { createRuleChecks } from '@guildhall/ingress/rule-checks';
import { createRuleCounts } from '@guildhall/ingress/rule-counts';
import { createRuleMeasures } from '@guildhall/ingress/rule-measures';
import { askOf, createVerdicts, verdictKey } from '@guildhall/ingress/verdicts';
import { compile } from '@guildhall/policy/decision/compile';
import { decide } from '@guildhall/policy/decision/decide';
import { type Membership, memberOfDomain } from '@guildhall/policy/decision/membership';
import { verdictOf } from '@guildhall/policy/decision/verdict';
import { type EntryBody, encodeEntry, entryKey } from '@guildhall/policy/membership/bucket-entry';
import { createTable } from '@guildhall/policy/membership/table';
import { Agreement, Community, Member, type Party, Rule, type TimeWindow } from '@guildhall/proto/gen/guildhall/admin/v1/membership';
import { Verdict } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { defaultLimits } from '@guildhall/proto/sip/limits';
import { type Message, parseMessage } from '@guildhall/proto/sip/message';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { request } from '../stage/speech.js';

const hour = 3_600_000;
/** A Monday, 07:00. */
const start = Date.parse('2026-06-01T07:00:00Z');

const id = fc.constantFrom('acme', 'bolt', 'crow');
const domain = fc.constantFrom('acme.example', 'bolt.example', 'crow.example', 'x.acme.example', 'example');
const user = fc.constantFrom(
  'ann@acme.example',
  'bob@acme.example',
  'ann@bolt.example',
  'ann@x.acme.example',
  'ann@crow.example',
  'ann@example',
);
const moment = fc.constantFrom('', '', new Date(start + 2 * hour).toISOString(), new Date(start + 30 * hour).toISOString());

const party: fc.Arbitrary<Party> = fc.oneof(
  fc.constant<Party>({ who: { $case: 'any', value: true } }),
  id.map((value): Party => ({ who: { $case: 'member', value } })),
  fc.constantFrom('g', 'h').map((value): Party => ({ who: { $case: 'group', value } })),
  domain.map((value): Party => ({ who: { $case: 'domain', value } })),
  user.map((value): Party => ({ who: { $case: 'user', value } })),
  fc.array(id, { maxLength: 2 }).map((ids): Party => ({ who: { $case: 'members', value: { ids } } })),
);

const rule = fc
  .record({
    id: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
    order: fc.nat(4),
    from: party,
    to: party,
    pair: fc.constantFrom<string[]>([], [], ['acme', 'bolt']),
    methods: fc.constantFrom<string[]>([], [], ['INVITE'], ['MESSAGE', 'INVITE']),
    media: fc.constantFrom<string[]>([], [], ['video'], ['audio', 'message']),
    bodyTypes: fc.constantFrom<string[]>([], [], ['image/*'], ['application/sdp', 'text/plain']),
    bodyLarger: fc.constantFrom(0n, 0n, 20n),
    during: fc.constantFrom<TimeWindow | undefined>(
      undefined,
      undefined,
      { days: [], fromMinute: 480, untilMinute: 600 },
      { days: ['mon'], fromMinute: 1320, untilMinute: 360 },
    ),
    validFrom: moment,
    validUntil: moment,
    action: fc.constantFrom('allow', 'deny', 'limit'),
    shadow: fc.constantFrom(false, false, true),
  })
  // A limit that is never reached: what is measured depends on more than the membership.
  .map((one): Rule => ({ ...Rule.create(), ...one, limit: { requests: 1e9, perMs: 1, burst: 1e9, each: 'member' } }));

const member = fc
  .record({
    id,
    status: fc.constantFrom('active', 'active', 'active', 'suspended'),
    groups: fc.subarray(['g', 'h']),
    more: fc.boolean(),
  })
  .map(({ more, ...one }) =>
    Member.fromPartial({
      ...one,
      role: 'member',
      domains: more ? [`${one.id}.example`, `x.${one.id}.example`] : [`${one.id}.example`],
      proxies: [{ host: '10.0.0.1', port: 5061, priority: 1, weight: 1 }],
    }),
  );

const everybody = ['acme', 'bolt', 'crow'].map((one) =>
  Member.fromPartial({
    id: one,
    role: 'member',
    status: 'active',
    domains: [`${one}.example`],
    groups: one === 'bolt' ? [] : ['g'],
    proxies: [{ host: '10.0.0.1', port: 5061 }],
  }),
);

const agreement = fc
  .record({
    mode: fc.constantFrom('relay', 'redirect'),
    acceptedBy: fc.subarray(['acme', 'bolt'], { minLength: 1 }),
    validFrom: moment,
    validUntil: moment,
  })
  .map((one) => Agreement.fromPartial({ ...one, first: 'acme', second: 'bolt' }));

const community = fc
  .record({ model: fc.constantFrom('clearinghouse', 'limited-clearinghouse'), otherwise: fc.constantFrom('allow', 'deny') })
  .map((one) => Community.fromPartial({ ...one, id: 'guild', name: 'Guild', domain: 'hub.example' }));

const change: fc.Arbitrary<EntryBody> = fc.oneof(
  { weight: 6, arbitrary: rule.map((value): EntryBody => ({ $case: 'rule', value })) },
  { weight: 3, arbitrary: member.map((value): EntryBody => ({ $case: 'member', value })) },
  { weight: 1, arbitrary: agreement.map((value): EntryBody => ({ $case: 'agreement', value })) },
  { weight: 1, arbitrary: community.map((value): EntryBody => ({ $case: 'community', value })) },
);

const bodies = [
  { type: '', text: '' },
  { type: 'text/plain', text: 'hello' },
  { type: 'image/png', text: 'x'.repeat(40) },
  { type: 'application/sdp', text: 'v=0\r\nm=audio 1 RTP/AVP 0\r\n' },
  { type: 'application/sdp', text: 'v=0\r\nm=audio 1 RTP/AVP 0\r\nm=video 2 RTP/AVP 31\r\n' },
  { type: 'nonsense', text: 'what is this' },
];

const saying = fc.record({
  say: fc.constant(true as const),
  sender: id,
  name: fc.constantFrom('ann', 'bob'),
  below: fc.constantFrom('', '', 'x.'),
  to: user,
  method: fc.constantFrom('MESSAGE', 'INVITE', 'INFO'),
  body: fc.constantFrom(...bodies),
  /** Within a call of acme's to bolt. */
  within: fc.boolean(),
});

const event = fc.oneof(
  { weight: 5, arbitrary: saying },
  {
    weight: 2,
    arbitrary: fc.record({
      say: fc.constant(false as const),
      body: change,
      deleted: fc.constantFrom(false, false, false, true),
      wait: fc.constant(0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      say: fc.constant(false as const),
      body: fc.constant(undefined),
      deleted: fc.constant(false),
      wait: fc.constantFrom(1_000, hour, hour, 13 * hour),
    }),
  },
);

const token = { keyId: 'k', caller: 'acme', callee: 'bolt', usage: 'I' } as const;

function messageOf({ sender, name, below, to, method, body }: typeof saying extends fc.Arbitrary<infer Said> ? Said : never): Message {
  const headers = body.type === '' ? [] : [`Content-Type: ${body.type}`];
  return parseMessage(
    Buffer.from(
      request({ method, uri: `sip:${to}`, from: `<sip:${name}@${below}${sender}.example>`, headers, body: body.text }).text,
      'latin1',
    ),
    defaultLimits,
  );
}

/** A policy that follows a bucket, an ingress that asks it, and a clock. */
function stage() {
  const table = createTable();
  let revision = 0;
  let now = 0;
  let membership: Membership | undefined;
  const verdicts = createVerdicts(
    1_000,
    { fresh: 30_000, stale: 10 * hour, retry: 1_000 },
    async (ask) => {
      if (membership === undefined) throw new Error('no membership');
      return Verdict.encode(verdictOf(decide(membership, ask, start + now), membership.version)).finish();
    },
    () => now,
  );
  const rules = createRuleChecks({ measures: createRuleMeasures(100), counts: createRuleCounts(), instances: () => 1 });
  const hub: Hub = {
    viaHosts: new Set(),
    isHere: () => false,
    speaksFor: (one, name) => membership !== undefined && memberOfDomain(membership, name)?.id === one,
    readToken: () => 'shape',
  };
  return {
    wait(ms: number) {
      now += ms;
    },
    apply(body: EntryBody, deleted: boolean) {
      revision += 1;
      const by = { who: 'test', when: '', why: '', change: '' };
      table.apply({
        key: entryKey(body),
        value: deleted ? new Uint8Array() : encodeEntry(body, by),
        revision,
        deleted,
        created: new Date(0),
      });
      const entries = table.entries();
      membership = entries === undefined ? undefined : compile(entries)?.membership;
      const { all, members } = table.takeTouched();
      verdicts.drop(all ? undefined : members, BigInt(revision));
    },
    admission(message: Message, sender: string, within: boolean): AskAdmission | undefined {
      const admission = admit(message, sender, hub);
      if (admission.kind !== 'ask') return undefined;
      if (!within) return admission;
      const target = sender === 'acme' ? 'bolt' : sender === 'bolt' ? 'acme' : '';
      const opener =
        message.method === 'MESSAGE' ? { peer: sender, toMember: target } : { peer: 'acme', toMember: 'bolt', method: 'INVITE' };
      return target === '' ? undefined : { ...admission, ...opener, toDomain: '', target, token, usage: '' };
    },
    /** What ingress does, by its cache. */
    async cached(message: Message, admission: AskAdmission, sender: string) {
      const key = verdictKey(admission);
      const given = verdicts.get(key, admission, now) ?? (await verdicts.fetch(key, admission));
      const {
        action,
        code,
        sentence,
        member: target,
      } = given.checks === undefined ? given : rules.judge(given, message, admission, sender, now);
      return { action, code, ...(action === 'refuse' ? { sentence } : { target }) };
    },
    /** What the membership says of the very request. */
    asked(message: Message, admission: AskAdmission, sender: string) {
      if (membership === undefined) throw new Error('no membership');
      const facts = requestFacts(message, admission, sender);
      const { action, code, sentence, target } = decide(membership, askOf(admission), start + now, facts);
      return { action, code, ...(action === 'refuse' ? { sentence } : { target: target?.id }) };
    },
    known: () => membership !== undefined,
  };
}

describe('rules', () => {
  it('by cache, checks and invalidation come to what the membership says of each request', async () => {
    let compared = 0;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        community,
        fc.array(member, { maxLength: 2 }),
        fc.option(agreement, { nil: undefined }),
        fc.array(rule, { maxLength: 4 }),
        fc.array(event, { minLength: 10, maxLength: 40 }),
        async (first, members, agreed, rules, events) => {
          const hub = stage();
          hub.apply({ $case: 'community', value: first }, false);
          for (const value of [...everybody, ...members]) hub.apply({ $case: 'member', value }, false);
          if (agreed !== undefined) hub.apply({ $case: 'agreement', value: agreed }, false);
          for (const value of rules) hub.apply({ $case: 'rule', value }, false);
          for (const one of events) {
            if (!one.say) {
              // What is being asked anew is answered before time passes.
              if (one.wait > 0) await new Promise((resolve) => setImmediate(resolve));
              hub.wait(one.wait);
              if (one.body !== undefined) hub.apply(one.body, one.deleted && one.body.$case !== 'community');
              continue;
            }
            const message = messageOf(one);
            const admission = hub.admission(message, one.sender, one.within);
            if (admission === undefined || !hub.known()) continue;
            const told = hub.asked(message, admission, one.sender);
            expect(await hub.cached(message, admission, one.sender)).toEqual(told);
            // And again, from the cache.
            expect(await hub.cached(message, admission, one.sender)).toEqual(told);
            compared += 1;
            seen.add(`${told.action} ${told.code}`);
          }
        },
      ),
      { numRuns: 600 },
    );
    expect(compared).toBeGreaterThan(500);
    expect([...seen].toSorted()).toEqual(
      expect.arrayContaining([
        'forward allowed',
        'redirect direct-partner',
        'refuse denied-by-rule',
        'refuse not-allowed',
        'refuse target-not-active',
      ]),
    );
  }, 60_000);
});
