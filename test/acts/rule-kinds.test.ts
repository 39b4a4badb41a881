import { describe, expect, it } from 'vitest';
import type { CommunityPart } from '../stage/community.js';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Words } from '../stage/speech.js';

type RuleText = NonNullable<CommunityPart['rules']>[number];

/** A request: sender, receiver, and what else it says. */
type Attempt = readonly [from: string, to: string, words?: Partial<Words> & { readonly user?: string }];

const any = { any: true } as const;
const all = { from: any, to: any } as const;
const invite = (kind: string) => ({
  method: 'INVITE',
  headers: ['Content-Type: application/sdp'],
  body: `v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nm=${kind} 4000 RTP/AVP 0\r\n`,
});
const subscribe = (event: string) => ({ method: 'SUBSCRIBE', headers: [`Event: ${event}`] });
const day = 86_400_000;
const onDay = (days: number) => new Date(Date.now() + days * day).toISOString();
const weekday = (days: number) =>
  (['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const)[new Date(Date.now() + days * day).getUTCDay()] ?? 'sun';

describe.each(topologies)('rules of every kind, %s', (_, topology) => {
  const { actor, hub, play } = perform({
    topology,
    cast: {
      acme: { entry: { groups: ['mills'] } },
      bolt: { domains: ['bolt.example', 'bolt.test'] },
      crow: { entry: { groups: ['mills'] } },
    },
    settings: { policy: { reload: '50ms' } },
  });

  const request = ([from, to, { user = 'bob', ...words } = {}]: Attempt) =>
    actor(from).request(words.method ?? 'MESSAGE', `sip:${user}@${to.includes('.') ? to : actor(to).domain}`, words);
  const receiver = ([, to]: Attempt) => actor(to.split('.')[0] ?? '');
  /** "passed on", or what the hub answers. An INVITE that is passed on is turned down by its receiver. */
  const fate = async (attempt: Attempt): Promise<string> => {
    const sender = actor(attempt[0]);
    const said = request(attempt);
    sender.line().say(said.text);
    const final = sender.hearFinal(said);
    const heard = await receiver(attempt).hearUnless(said, final);
    if (heard === undefined) {
      sender.forget();
      return outcome(await final);
    }
    receiver(attempt).answer(heard, said.method === 'INVITE' ? 486 : 200);
    await final;
    if (said.method === 'INVITE') await receiver(attempt).hear('ACK');
    sender.forget();
    return 'passed on';
  };
  const inForce = async (rules: readonly RuleText[], shown: Attempt, expected: string) => {
    hub().rewrite({ ...play().community, rules: [...rules] });
    await expect.poll(() => fate(shown)).toBe(expected);
  };

  it.each<[kind: string, rule: Partial<RuleText>, refused: Attempt, passed: readonly Attempt[]]>([
    [
      'of a member',
      { from: { member: 'acme' }, to: any },
      ['acme', 'bolt'],
      [
        ['bolt', 'acme'],
        ['crow', 'bolt'],
      ],
    ],
    ['of a group', { from: { group: 'mills' }, to: any }, ['crow', 'bolt'], [['bolt', 'crow']]],
    [
      'of a pair',
      { between: ['acme', 'bolt'] },
      ['bolt', 'acme'],
      [
        ['bolt', 'crow'],
        ['crow', 'acme'],
      ],
    ],
    ['of some members', { from: { members: ['bolt', 'crow'] }, to: any }, ['crow', 'acme'], [['acme', 'crow']]],
    ['of a domain', { from: any, to: { domain: 'bolt.test' } }, ['acme', 'bolt.test'], [['acme', 'bolt.example']]],
    [
      'of a user who sends',
      { from: { user: 'mallory@acme.example' }, to: any },
      ['acme', 'bolt', { from: '<sip:mallory@acme.example>' }],
      [['acme', 'bolt']],
    ],
    ['of a user who is sent to', { from: any, to: { user: 'dan@bolt.example' } }, ['acme', 'bolt', { user: 'dan' }], [['acme', 'bolt']]],
    ['of a method', { ...all, methods: ['OPTIONS'] }, ['acme', 'bolt', { method: 'OPTIONS' }], [['acme', 'bolt']]],
    [
      'of an event package',
      { ...all, methods: ['SUBSCRIBE'], events: ['dialog'] },
      ['acme', 'bolt', subscribe('dialog')],
      [['acme', 'bolt', subscribe('presence')]],
    ],
    [
      'of media',
      { ...all, media: ['video'] },
      ['acme', 'bolt', invite('video')],
      [
        ['acme', 'bolt', invite('audio')],
        ['acme', 'bolt'],
      ],
    ],
    [
      'of a type of body',
      { ...all, bodyTypes: ['image/*'] },
      ['acme', 'bolt', { headers: ['Content-Type: image/png'], body: 'x' }],
      [['acme', 'bolt', { headers: ['Content-Type: text/plain'], body: 'x' }]],
    ],
    [
      'of a size',
      { ...all, bodyLarger: 10 },
      ['acme', 'bolt', { headers: ['Content-Type: text/plain'], body: 'x'.repeat(11) }],
      [['acme', 'bolt', { headers: ['Content-Type: text/plain'], body: 'x'.repeat(10) }]],
    ],
    ['of today', { ...all, during: { days: [weekday(-1), weekday(0), weekday(1)] } }, ['acme', 'bolt'], []],
    ['of these days', { ...all, validFrom: onDay(-1), validUntil: onDay(1) }, ['acme', 'bolt'], []],
  ])('a rule %s refuses what it is about and nothing else', async (_kind, rule, refused, passed) => {
    const whole: RuleText = { id: 'the-rule', action: 'deny', reason: 'so it was agreed', ...rule };
    await inForce([whole], refused, '403 denied-by-rule');
    for (const attempt of passed) expect(await fate(attempt)).toBe('passed on');
    await inForce([], refused, 'passed on');
  });

  it.each<[kind: string, rule: Partial<RuleText>]>([
    ['of another day', { ...all, during: { days: [weekday(3)] } }],
    ['that has not begun', { ...all, validFrom: onDay(1) }],
    ['that is over', { ...all, validUntil: onDay(-1) }],
    ['that is on trial', { ...all, shadow: true }],
    ['of nobody', { from: { members: [] }, to: any }],
  ])('a rule %s refuses nothing', async (_kind, rule) => {
    const marked: RuleText = { id: 'mark', ...all, methods: ['REFER'], action: 'deny' };
    await inForce([{ id: 'the-rule', action: 'deny', ...rule }, marked], ['acme', 'bolt', { method: 'REFER' }], '403 denied-by-rule');
    await exchange(actor('acme'), actor('bolt'));
    await inForce([], ['acme', 'bolt', { method: 'REFER' }], 'passed on');
  });

  it('the first that fits decides, whichever it is', async () => {
    const allow: RuleText = { id: 'but-acme', from: { member: 'acme' }, to: any, action: 'allow' };
    const deny: RuleText = { id: 'nobody', ...all, action: 'deny' };
    await inForce([allow, deny], ['crow', 'bolt'], '403 denied-by-rule');
    expect(await fate(['acme', 'bolt'])).toBe('passed on');
    await inForce([deny, allow], ['acme', 'bolt'], '403 denied-by-rule');
    await inForce([], ['acme', 'bolt'], 'passed on');
  });

  it.each<[each: 'member' | 'pair' | 'method', free: Attempt, held: Attempt | undefined]>([
    ['member', ['bolt', 'crow'], ['acme', 'crow']],
    ['pair', ['acme', 'crow'], undefined],
    ['method', ['acme', 'crow', { method: 'OPTIONS' }], ['acme', 'crow']],
  ])('a limit for each %s holds that one only, and says when to come back', async (each, free, held) => {
    const limit: RuleText = { id: `per-${each}`, ...all, action: 'limit', limit: { requests: 1, per: 'hour', each } };
    await inForce([limit], ['acme', 'bolt'], '480 over-limit');
    const said = request(['acme', 'bolt']);
    actor('acme').line().say(said.text);
    const final = await actor('acme').hearFinal(said);
    expect(Number(final.header('retry-after'))).toBeGreaterThan(0);
    expect(final.header('reason')).toContain(`per-${each}`);
    if (held !== undefined) expect(await refusal(actor(held[0]), request(held))).toBe('480 over-limit');
    expect(await fate(free)).toBe('passed on');
    await inForce([], ['acme', 'bolt'], 'passed on');
    const again = actor('acme').say('MESSAGE', 'sip:bob@bolt.example');
    actor('bolt').answer(await hearRequest(actor('bolt'), again), 200);
    await actor('acme').hearAnswer(again, 200);
  });
});
