import { Check, type Verdict, VerdictAction } from '@guildhall/proto/gen/guildhall/bus/v1/ask';
import { ForwardKind } from '@guildhall/proto/gen/guildhall/bus/v1/forward';
import { describe, expect, it } from 'vitest';
import { messagePath } from './path.stage.js';
import { type RequestWishes, sip } from './sip.stage.js';

const deny = (rest: Partial<Check>): Check => ({
  ...Check.create(),
  rule: 'rule r',
  action: VerdictAction.REFUSE,
  code: 'denied-by-rule',
  sentence: 'Rule r denies it.',
  ...rest,
});
const allow = (rest: Partial<Check>): Check => ({ ...Check.create(), rule: 'rule r', action: VerdictAction.FORWARD, ...rest });
const otherwise = { action: VerdictAction.REFUSE, member: 'bolt', code: 'not-allowed', sentence: 'No rule allows it.' };
const video = { headers: ['Content-Type: application/sdp'], body: 'v=0\r\nm=video 1 RTP/AVP 31\r\n' };
const audio = { headers: ['c: application/sdp'], body: 'v=0\r\nm=audio 1 RTP/AVP 0\r\n' };

/** Says requests of acme's of one question, answered by one verdict, and gives what each came to: '' where it went through. */
async function saying(verdict: Partial<Verdict>, ...wishes: RequestWishes[]) {
  const path = messagePath();
  const acme = path.wire('acme');
  const heard: string[] = [];
  for (const [at, wish] of wishes.entries()) {
    path.take(sip(wish), acme);
    if (at === 0) await path.asks[0]?.answer(verdict);
    heard.push(
      path
        .said(acme)
        .filter((text) => text !== '100')
        .join(' '),
    );
  }
  await path.pass(1);
  expect(path.asks.length).toBe(1);
  return { ...path, acme, heard, passed: path.sent.flatMap((batch) => batch.kind).length };
}

describe('a verdict with checks', () => {
  it('refuses by media, whoever waits or comes later, in the words of the rule', async () => {
    const method = 'INVITE';
    const { heard, passed, counts } = await saying(
      { checks: [deny({ media: ['video'] })] },
      { method, ...video },
      { method, ...audio },
      { method },
    );
    expect([heard, passed]).toEqual([['403 denied-by-rule', '', ''], 2]);
    expect([...counts.rules.all()]).toMatchObject([{ rule: 'r', effect: 'deny', shadow: false, count: 1 }]);
  });

  it.each<[string, Partial<Check>, RequestWishes, RequestWishes]>([
    [
      'body type',
      { bodyTypes: ['text/html'] },
      { headers: ['Content-Type: TEXT/html;x=y'], body: 'x' },
      { headers: ['c: text/plain'], body: 'x' },
    ],
    ['kind of type', { bodyTypes: ['image/*'] }, { headers: ['c: image/png'], body: 'x' }, { headers: ['c: imagex/png'], body: 'x' }],
    ['a type nobody can tell', { bodyTypes: ['image/*'] }, { body: 'x' }, { headers: ['c: image/png'] }],
    ['body size', { bodyLarger: 3n }, { body: 'four' }, { body: 'six' }],
    [
      'sender',
      { fromUser: 'alice@acme.example' },
      { from: '"A" <sip:%61lice:pw@ACME.example:5061;x=y>;tag=1' },
      { from: '<sip:alicia@acme.example>;tag=1' },
    ],
    // Nobody slips past a rule by what the grammar of URIs and addresses forbids and nobody else looks at.
    [
      'sender with a parameter twice in the URI',
      { fromUser: 'alice@acme.example' },
      { from: '<sip:alice@acme.example;x;x>;tag=1' },
      { from: '<sip:alicia@acme.example;x;x>;tag=1' },
    ],
    [
      'sender with a parameter twice behind the URI',
      { fromUser: 'alice@acme.example' },
      { from: '<sip:alice@acme.example>;x;x;tag=1' },
      { from: '<sip:alicia@acme.example>;x;x;tag=1' },
    ],
    ['receiver with a parameter twice', { toUser: 'bob@bolt.example' }, { uri: 'sip:bob@bolt.example;x;x' }, { uri: 'sip:b@bolt.example' }],
    [
      'receiver with a nameless parameter',
      { toUser: 'bob@bolt.example' },
      { uri: 'sip:bob@bolt.example;;' },
      { uri: 'sip:b@bolt.example' },
    ],
    ['receiver', { toUser: 'bob@bolt.example' }, { to: '<sip:x@y.example>' }, { to: '<sip:bob@bolt.example>', uri: 'sip:b@bolt.example' }],
  ])('refuses by %s', async (_, condition, hit, miss) => {
    const { heard } = await saying({ checks: [deny(condition)] }, miss, hit, miss);
    expect(heard).toEqual(['', '403 denied-by-rule', '']);
  });

  it('lets through what a rule allows and refuses the rest, the first that fits deciding', async () => {
    const checks = [deny({ rule: 'rule first', bodyLarger: 9n }), allow({ fromUser: 'alice@acme.example' })];
    const { heard, passed } = await saying(
      { ...otherwise, checks },
      {},
      { from: '<sip:zoe@acme.example>;tag=1' },
      { body: 'much too long' },
      {},
    );
    expect([heard, passed]).toEqual([['', '403 not-allowed', '403 denied-by-rule', ''], 2]);
  });

  it('does not believe a body it cannot read to be what a rule allows', async () => {
    const { heard } = await saying(
      { ...otherwise, checks: [allow({ bodyTypes: ['text/plain'] })] },
      { body: 'x' },
      { headers: ['c: text/plain'], body: 'x' },
    );
    expect(heard).toEqual(['403 not-allowed', '']);
  });

  it('counts shadows and lets them decide nothing', async () => {
    const checks = [deny({ rule: 'rule trial', shadow: true }), deny({ bodyLarger: 3n })];
    const { heard, counts } = await saying({ checks }, {}, { body: 'four' }, {});
    expect(heard).toEqual(['', '403 denied-by-rule', '']);
    expect([...counts.rules.all()].map(({ rule, shadow, count }) => `${rule} ${shadow} ${count}`)).toEqual(['trial true 3', 'r false 1']);
    expect(counts.rules.takeShadows()).toEqual([{ rule: 'trial', effect: 'deny', count: 3 }]);
    expect(counts.rules.takeShadows()).toEqual([]);
  });

  it('redirects where it says so', async () => {
    const contacts = ['sip:10.0.0.2:5061;transport=tls'];
    const checks = [allow({ action: VerdictAction.REDIRECT, redirected: 'talk directly', fromUser: 'alice@acme.example' })];
    const path = messagePath();
    const acme = path.wire('acme');
    path.take(sip(), acme);
    await path.asks[0]?.answer({ ...otherwise, contacts, checks });
    expect(acme.written[0]).toMatch(/^SIP\/2.0 302 .*direct-partner: talk directly.*Contact: <sip:10.0.0.2:5061;transport=tls>;q=1.0/s);
  });
});

describe('a limit', () => {
  const limit = (each: string, requests = 2) =>
    allow({ code: 'over-limit', sentence: 'Enough.', limit: { requests, perMs: 60_000, burst: requests, each } });

  it('lets so many through, answers the rest 480 with a time, and lets more through later', async () => {
    const { heard, take, acme, said, state, pass } = await saying({ checks: [limit('member')] }, {}, {}, {});
    expect(heard).toEqual(['', '', '480 over-limit']);
    take(sip(), acme);
    expect(acme.written[0]).toContain('\r\nRetry-After: 30\r\n');
    expect(said(acme)).toEqual(['480 over-limit']);
    await pass(29_000);
    expect(state.now).toBe(29_000);
    take(sip(), acme);
    await pass(30_001);
    take(sip(), acme);
    take(sip(), acme);
    expect(said(acme).filter((text) => text.startsWith('480'))).toEqual(['480 over-limit', '480 over-limit']);
  });

  it('of each member, pair or method measures these apart', async () => {
    const outcomes = async (each: string) => {
      const { take, wire, said, asks } = messagePath();
      const acme = wire('acme');
      const heard: string[] = [];
      for (const wish of [{}, { uri: 'sip:c@cliff.example' }, { method: 'INFO' }, { method: 'XYZ' }, { method: 'ZYX' }]) {
        take(sip(wish), acme);
        await asks.at(-1)?.answer({ checks: [limit(each, 1)], member: wish.uri === undefined ? 'bolt' : 'cliff' });
        heard.push(said(acme).join(''));
      }
      return heard.map((text) => (text === '' ? 'passes' : text.slice(0, 3))).join(' ');
    };
    expect(await outcomes('member')).toBe('passes 480 480 480 480');
    expect(await outcomes('pair')).toBe('passes passes 480 480 480');
    // Methods that nobody knows share one measure.
    expect(await outcomes('method')).toBe('passes 480 passes passes 480');
  });

  it('that measures nothing refuses', async () => {
    const { heard } = await saying({ checks: [limit('member', 0)] }, {});
    expect(heard).toEqual(['480 over-limit']);
  });
});

describe('in a dialog', () => {
  /** A call of acme's to bolt that stands. `answer` answers the last question: each side's is another one, because From is. */
  async function call() {
    const path = messagePath();
    const [acme, bolt] = [path.wire('acme'), path.wire('bolt')];
    path.take(sip({ method: 'INVITE' }), acme);
    await path.asks[0]?.answer({});
    await path.pass(1);
    path.said(acme);
    const route = `Route: ${path.sent[0]?.recordRoutes[0]}`;
    path.verdicts.drop(undefined, 2n);
    const within = (method: string, more: RequestWishes = {}) =>
      sip({ method, to: '<sip:bob@bolt.example>;tag=b', ...more, headers: [route, ...(more.headers ?? [])] });
    const back = (method: string, more: RequestWishes = {}) =>
      within(method, { from: '<sip:bob@bolt.example>;tag=b', to: '<sip:alice@acme.example>;tag=a', uri: 'sip:alice@10.1.1.1', ...more });
    const answer = async (verdict: Partial<Verdict>) => path.asks.at(-1)?.answer({ version: 2n, ...verdict });
    return { ...path, acme, bolt, within, back, answer };
  }

  it('a denial lets BYE and ACK through, in both directions, and nothing else', async () => {
    const { take, within, back, answer, said, acme, bolt, sent, pass } = await call();
    take(within('INFO'), acme);
    await answer({ action: VerdictAction.REFUSE, member: '', code: 'denied-by-rule', sentence: 'no calls' });
    expect(said(acme)).toEqual(['403 denied-by-rule']);
    take(within('BYE'), acme);
    take(within('ACK'), acme);
    take(back('BYE'), bolt);
    await answer({ action: VerdictAction.REFUSE, member: '', code: 'not-allowed', sentence: 'no calls' });
    await pass(2);
    expect([said(acme), said(bolt)]).toEqual([[], []]);
    expect(sent.flatMap((batch) => batch.kind)).toEqual([ForwardKind.REQUEST, ForwardKind.REQUEST, ForwardKind.ACK, ForwardKind.REQUEST]);
  });

  it('a member that is out is not heard, not even its BYE', async () => {
    const { take, within, answer, said, acme } = await call();
    take(within('BYE'), acme);
    await answer({ action: VerdictAction.REFUSE, member: '', code: 'peer-not-active', sentence: 'out' });
    expect(said(acme)).toEqual(['403 peer-not-active']);
  });

  it('a rule about media meets a call that is widened, by either side', async () => {
    const { take, within, back, answer, said, acme, bolt } = await call();
    take(within('INVITE', video), acme);
    await answer({ checks: [deny({ media: ['video'] })] });
    take(back('UPDATE', video), bolt);
    await answer({ checks: [deny({ media: ['video'] })] });
    take(within('INVITE', audio), acme);
    take(within('BYE', video), acme);
    expect([said(acme), said(bolt)]).toEqual([['100', '403 denied-by-rule', '100'], ['403 denied-by-rule']]);
  });

  it('a rule is about who opened it: users and domains change sides with who speaks', async () => {
    const { take, within, back, answer, said, acme, bolt } = await call();
    take(within('INFO'), acme);
    await answer({ checks: [deny({ fromUser: 'alice@acme.example', toDomain: 'bolt.example' })] });
    take(back('INFO'), bolt);
    await answer({ checks: [deny({ fromUser: 'alice@acme.example', toDomain: 'bolt.example' })] });
    take(within('INFO', { from: '<sip:zoe@acme.example>;tag=1' }), acme);
    take(back('INFO', { to: '<sip:zoe@acme.example>;tag=1' }), bolt);
    expect([said(acme), said(bolt)]).toEqual([['403 denied-by-rule'], ['403 denied-by-rule']]);
  });
});

describe('members that read ms-diagnostics-public', () => {
  it('get it with every refusal, and others do not', async () => {
    const { take, wire, asks } = messagePath();
    const [acme, cliff] = [wire('acme'), wire('cliff')];
    take(sip(), acme);
    await asks[0]?.answer(otherwise);
    const fromCliff = { from: '<sip:c@cliff.example>;tag=1' };
    take(sip(fromCliff), cliff);
    await asks[1]?.answer(otherwise);
    take(sip({ ...fromCliff, maxForwards: 0 }), cliff);
    expect(acme.written.join('')).not.toContain('ms-diagnostics');
    expect(cliff.written.map((text) => /ms-diagnostics-public: .*/.exec(text)?.[0])).toEqual([
      'ms-diagnostics-public: 1012;reason="not-allowed: No rule allows it."',
      'ms-diagnostics-public: 1000;reason="too-many-hops: Max-Forwards is 0"',
    ]);
  });
});
