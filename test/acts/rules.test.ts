import { describe, expect, it, vi } from 'vitest';
import { explain } from '../stage/admin.js';
import { exchangeWithin, openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

const sdp = (...kinds: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 10.0.0.1', 's=-', ...kinds.map((kind) => `m=${kind} 4000 RTP/AVP 0`), ''].join('\r\n');
const session = (...kinds: string[]) => ({ headers: ['Content-Type: application/sdp'], body: sdp(...kinds) });
const parts = (...bodies: [type: string, text: string][]) => ({
  headers: ['Content-Type: multipart/mixed;boundary=cut'],
  body: `${bodies.map(([type, text]) => `--cut\r\nContent-Type: ${type}\r\n\r\n${text}\r\n`).join('')}--cut--\r\n`,
});
const bob = 'sip:bob@bolt.example';

describe.each(topologies)('rules that look at the request itself, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: { acme: { entry: { groups: ['mills'] } }, bolt: {}, crow: {} },
    rules: [
      { id: 'trial', from: { any: true }, to: { member: 'crow' }, action: 'deny', shadow: true },
      { id: 'no-video', from: { any: true }, to: { any: true }, media: ['video'], action: 'deny', reason: 'the lines are thin' },
      { id: 'no-pictures', from: { group: 'mills' }, to: { any: true }, methods: ['MESSAGE'], bodyTypes: ['image/*'], action: 'deny' },
      { id: 'short', from: { any: true }, to: { any: true }, methods: ['MESSAGE'], bodyLarger: 200, action: 'deny' },
      { id: 'no-spam', from: { user: 'spam@acme.example' }, to: { any: true }, action: 'deny' },
      { id: 'retired', from: { any: true }, to: { user: 'rita@bolt.example' }, action: 'deny', reason: 'Rita has left' },
      { id: 'old', from: { any: true }, to: { any: true }, action: 'deny', validUntil: '2020-01-01' },
      { id: 'three', between: ['bolt', 'crow'], action: 'limit', limit: { requests: 3, per: 'hour', each: 'member' } },
    ],
  });

  it('refuse sessions with video, and none without', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const video = acme.request('INVITE', bob, session('audio', 'video'));
    expect(await refusal(acme, video)).toBe('403 denied-by-rule');
    const hidden = acme.request('INVITE', bob, parts(['text/plain', 'hi'], ['application/sdp', sdp('video')]));
    expect(await refusal(acme, hidden)).toBe('403 denied-by-rule');
    await openCall(acme, bolt);
  });

  it('refuse to widen a call, but never to hang it up', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const { callee } = await openCall(acme, bolt);
    const widened = within(callee, 'UPDATE', session('video'));
    expect(await refusal(bolt, widened)).toBe('403 denied-by-rule');
    const bye = within(callee, 'BYE', session('video'));
    bolt.line().say(bye.text);
    const heard = await acme.hear('BYE');
    acme.answer(heard, 200);
    await bolt.hearAnswer(bye, 200);
  });

  it.each<[string, string, object, string]>([
    ['a picture of the group', 'acme', { headers: ['Content-Type: IMAGE/png'], body: 'x' }, '403 denied-by-rule'],
    ['a picture within parts', 'acme', parts(['text/plain', 'look'], ['image/gif', 'x']), '403 denied-by-rule'],
    ['a body of no type of the group', 'acme', { body: 'x' }, '403 denied-by-rule'],
    ['a long body', 'crow', { headers: ['c: text/plain'], body: 'x'.repeat(201) }, '403 denied-by-rule'],
    ['a user', 'acme', { from: '<sip:s%70am@acme.example>' }, '403 denied-by-rule'],
  ])('refuse %s', async (_what, name, words, expected) => {
    const sender = actor(name);
    expect(await refusal(sender, sender.request('MESSAGE', bob, words))).toBe(expected);
  });

  it('refuse a receiver by the address to which it goes, whatever To says', async () => {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', 'sip:rita@bolt.example', { to: `<${bob}>` });
    acme.line().say(said.text);
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('403 denied-by-rule');
    expect(final.header('reason')).toContain('Rule retired denies MESSAGE from acme (acme.example) to rita@bolt.example: Rita has left.');
  });

  it('let everything else through', async () => {
    await exchange(actor('acme'), actor('bolt'), { headers: ['Content-Type: text/plain'], body: 'x'.repeat(200) });
    await exchange(actor('acme'), actor('bolt'), { from: '<sip:alice@acme.example>' });
  });

  it('count what a shadow would have refused, and refuse none of it', async () => {
    const [acme, crow] = [actor('acme'), actor('crow')];
    await exchange(acme, crow);
    await exchange(acme, crow);
    await vi.waitFor(
      async () =>
        expect(await hub().counted('ingress', 'guildhall_ingress_rule_hits_total', { rule: 'trial', effect: 'deny', shadow: 'true' })).toBe(
          2,
        ),
      30_000,
    );
  });

  it('limit how often a member sends, for the rest of the hour', async () => {
    const [bolt, crow] = [actor('bolt'), actor('crow')];
    // They know each other half a second after their start at the latest, each itself included.
    const known = () => hub().counted('ingress', 'guildhall_roster_instances', { service: 'ingress' });
    await expect.poll(known).toBe(topology.ingresses ** 2);
    let passed = 0;
    for (;;) {
      const said = crow.say('MESSAGE', bob);
      const final = crow.hearFinal(said);
      const heard = await bolt.hearUnless(said, final);
      if (heard === undefined) {
        expect(outcome(await final)).toBe('480 over-limit');
        expect(Number((await final).header('retry-after'))).toBe(1200);
        break;
      }
      bolt.answer(heard, 200);
      await final;
      passed += 1;
    }
    // Two ingresses share the measure, and nobody gets less than one.
    expect(passed).toBe(topology.ingresses === 1 ? 3 : 1);
    await exchange(bolt, crow);
  });

  it('are explained in the words of the answer, with every rule that was tried', async () => {
    const acme = actor('acme');
    const said = acme.request('INVITE', bob, session('video'));
    acme.line().say(said.text);
    const final = await acme.hearFinal(said);
    acme.forget();
    const told = await explain(hub(), { from: 'acme', to: bob, method: 'INVITE', media: ['video'] });
    expect(final.header('reason')).toContain(told.sentence);
    expect(told).toMatchObject({ action: 'refuse', code: 'denied-by-rule', rule: 'rule no-video', status: 403 });
    expect(told.steps.filter(({ subject }) => subject === 'rule' || subject === 'shadow')).toEqual([
      { subject: 'rule', finding: 'rule trial is about what goes to crow, not to bolt' },
      { subject: 'rule', finding: 'rule no-video denies everything that offers video from anyone to anyone: the lines are thin.' },
    ]);
    const audio = await explain(hub(), { from: 'acme', to: 'crow', media: ['audio'], at: '2019-05-05T05:05:05Z' });
    expect(audio).toMatchObject({ action: 'refuse', rule: 'rule old' });
    expect(audio.steps.map(({ subject }) => subject)).toContain('shadow');
  });
});

describe('a community that refuses what is not allowed by name', () => {
  const { actor, hub, play } = perform({
    otherwise: 'deny',
    cast: { acme: { entry: { dialect: 'microsoft' } }, bolt: {}, crow: {} },
    rules: [
      { id: 'calls', from: { member: 'acme' }, to: { member: 'bolt' }, methods: ['INVITE'], action: 'allow' },
      { id: 'ada', from: { user: 'ada@acme.example' }, to: { any: true }, action: 'allow' },
      { id: 'empty', from: { members: [] }, to: { any: true }, action: 'allow' },
    ],
  });

  it('says so, with the number that Microsoft’s servers read, to those that read it', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const said = acme.say('MESSAGE', bob);
    const final = await acme.hearFinal(said);
    expect(outcome(final)).toBe('403 not-allowed');
    const { sentence } = await explain(hub(), { from: 'sip:alice@acme.example', to: bob });
    expect(final.header('ms-diagnostics-public')).toBe(`1012;reason="not-allowed: ${sentence}"`);
    const other = bolt.say('MESSAGE', 'sip:alice@acme.example');
    const refused = await bolt.hearFinal(other);
    expect([outcome(refused), refused.header('ms-diagnostics-public')]).toEqual(['403 not-allowed', '']);
  });

  it('lets through whom a rule names', async () => {
    const [acme, bolt, crow] = [actor('acme'), actor('bolt'), actor('crow')];
    await exchange(acme, crow, { from: '<sip:ada@acme.example>' });
    await openCall(acme, bolt);
  });

  it('a rule that goes away in the middle of a call lets it be hung up, and stops the rest', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const { caller, callee } = await openCall(acme, bolt);
    await exchangeWithin(acme, caller, bolt, 'INFO');
    const { community } = play();
    const before = await explain(hub(), { from: 'acme', to: 'bolt', method: 'INVITE' });
    hub().rewrite({ ...community, rules: (community.rules ?? []).filter(({ id }) => id !== 'calls') });
    await vi.waitFor(
      async () => expect((await explain(hub(), { from: 'acme', to: 'bolt', method: 'INVITE' })).action).toBe('refuse'),
      30_000,
    );
    await vi.waitFor(async () => expect(await refusal(acme, within(caller, 'INFO'))).toBe('403 not-allowed'), 30_000);
    expect(await refusal(bolt, within(callee, 'UPDATE'))).toBe('403 not-allowed');
    await exchangeWithin(bolt, callee, acme, 'BYE');
    // What was, can still be asked about.
    const then = await explain(hub(), { from: 'acme', to: 'bolt', method: 'INVITE', version: before.version });
    expect(then).toEqual(before);
    expect(then.rule).toBe('rule calls');
  });
});
