import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge, cancel, type Words } from '../stage/speech.js';

/** What a smuggler wants to see at the beginning of a line of its own. */
const prey = /^(X-Smuggled|MESSAGE sip:|SIP\/2\.0 200|Content-Length: [^0]|Route:)/im;

/** A head's lines, each fold still with the field it belongs to. */
function fields(text: string): string[] {
  return (text.split('\r\n\r\n', 1)[0] ?? '').split(/\r\n(?![ \t])/).slice(1);
}

describe.each(topologies)('what the hub copies carries nothing else with it, %s', (_, topology) => {
  const { actor, hub } = perform({
    topology,
    cast: {
      acme: {},
      bolt: {},
      crow: {},
      dora: { offstage: true, entry: { status: 'suspended', statusReason: 'no "dues";  X-Smuggled: yes' } },
    },
    rules: [{ id: 'no-crow', from: { member: 'acme' }, to: { member: 'crow' }, action: 'deny', reason: 'not "today";  nor tomorrow' }],
  });

  const words: readonly (readonly [string, Partial<Words>])[] = [
    ['a fold in Via', { via: 'SIP/2.0/TLS proxy.invalid\r\n ;branch=z9hG4bKf1\r\n ;x=X-Smuggled:' }],
    ['a quoted parameter in Via', { via: 'SIP/2.0/TLS proxy.invalid;x="a\\"b, SIP/2.0/TLS evil";branch=z9hG4bKf2' }],
    ['a comment-like Via', { via: 'SIP/2.0/TLS proxy.invalid;branch=z9hG4bKf3;x="\r\n X-Smuggled: yes"' }],
    ['a fold in the From tag', { from: '<sip:alice@acme.example>\r\n ;tag=a1\r\n X-Smuggled' }],
    ['quotes in the From tag', { from: '"x\\"\\\\" <sip:alice@acme.example>;tag=a.b%25' }],
    ['a fold in To', { to: '<sip:bob@bolt.example>\r\n\t;x=y\r\n ' }],
    ['a Call-ID of odd characters', { callId: `<"X-Smuggled:\\">@[${Math.random()}]{?}` }],
    ['a Contact with header fields', { headers: ['Contact: <sip:a@acme.example?X-Smuggled=yes%0d%0aRoute:%20<sip:evil.test>>'] }],
    ['a Reason with a fold', { headers: ['Reason: SIP;cause=200;text="\r\n X-Smuggled: yes"'] }],
    ['an Event with a fold', { method: 'SUBSCRIBE', headers: ['Event: a"b\r\n X-Smuggled: yes'] }],
    ['a Proxy-Require that folds', { headers: ['Proxy-Require: foo,\r\n X-Smuggled: yes, "\\'] }],
    ['a Timestamp with a fold', { method: 'INVITE', headers: ['Timestamp: 1\r\n X-Smuggled: yes'] }],
    ['a Request-URI user of escapes', { uri: 'sip:%0d%0aX-Smuggled%3a%20yes@crow.example' }],
    ['a Request-URI with parameters', { uri: 'sip:bob@crow.example;x=%0d%0aX-Smuggled' }],
    ['a domain of nobody, as long as can be', { uri: `sip:bob@${'a.'.repeat(1000)}example` }],
    ['a method with odd characters', { method: 'X-SMUGGLED:'.replace(':', "!%*_+`'~") }],
  ];

  it.each(words)('%s: in our own answers', async (_name, spoilt) => {
    const acme = actor('acme');
    for (const uri of ['sip:bob@crow.example', 'sip:bob@dora.example', 'sip:bob@nobody.test']) {
      const said = acme.request(spoilt.method ?? 'MESSAGE', spoilt.uri ?? uri, spoilt);
      acme.line().say(said.text);
      const final = await acme.hear((message) => message.status >= 200);
      acme.forget();
      expect(final.status).toBeGreaterThanOrEqual(400);
      // Every line of ours is a field we meant to write, or was copied whole.
      for (const field of fields(final.text)) {
        const copied = said.text.includes(field) || field.startsWith('To: ') || field.startsWith('Via: ');
        expect(copied || /^(Reason|Warning|Retry-After|Unsupported|Contact|Content-Length): /.test(field), field).toBe(true);
      }
      expect(final.text.split('\r\n\r\n')).toEqual([expect.stringMatching(/Content-Length: 0$/), '']);
      expect(final.text).not.toMatch(/^X-Smuggled: yes/im);
      if (said.method === 'INVITE') acme.line().say(acknowledge(said, final).text);
    }
  });

  it.each(words.filter(([, { uri }]) => uri === undefined))('%s: on the next wire, where it passes', async (_name, spoilt) => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.say(spoilt.method ?? 'MESSAGE', 'sip:bob@bolt.example', {
      ...spoilt,
      callId: spoilt.callId ?? `copy-${Math.random()}`,
    });
    const final = acme.hear((message) => message.status >= 200);
    const heard = await bolt.hearUnless(said, final);
    if (heard !== undefined) {
      const ours = /^(Via: SIP\/2\.0\/TLS hub\.example|Record-Route: <sips?:g1\.|Max-Forwards: 69$)/;
      const sender = /^Via: SIP\/2\.0\/TLS proxy\.invalid/;
      for (const field of fields(heard.text)) expect(said.text.includes(field) || ours.test(field) || sender.test(field), field).toBe(true);
      bolt.answer(heard, 200);
    }
    await final;
    acme.forget();
  });

  it('an address in Via that is the hub’s, another member’s or nobody’s changes nothing about where the answer goes', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const crow = actor('crow');
    const port = acme.line().remotePort;
    for (const sentBy of [
      `127.0.0.1:${crow.port}`,
      `sip.crow.example:${crow.port}`,
      `127.0.0.1:${port}`,
      '0.0.0.0',
      '[::1]:5061',
      'evil.test',
    ]) {
      for (const more of [
        '',
        `;received=127.0.0.1`,
        `;rport=${crow.port}`,
        `;rport;received=10.9.8.7`,
        ';maddr=127.0.0.1;ttl=1',
        ';alias',
      ]) {
        const via = `SIP/2.0/TLS ${sentBy};branch=z9hG4bK${Math.random().toString(36).slice(2)}${more}`;
        await exchange(acme, bolt, { via });
        expect(outcome(await say(acme.request('MESSAGE', 'sip:bob@crow.example', { via })))).toBe('403 denied-by-rule');
      }
    }
    // One that is the hub's own, and already filled in.
    const { request } = await exchange(acme, bolt, {
      via: `SIP/2.0/TLS ${hub().domain}:${port};branch=z9hG4bKhub;received=1.2.3.4;rport=1`,
    });
    expect(request.headers('via')[1]).toContain('received=1.2.3.4');

    async function say(said: ReturnType<typeof acme.request>) {
      acme.line().say(said.text);
      return acme.hearFinal(said);
    }
  });

  it('two members that use the same branch, Call-ID and sent-by have transactions of their own', async () => {
    const acme = actor('acme');
    const crow = actor('crow');
    const bolt = actor('bolt');
    const same = { branch: 'z9hG4bKsame', callId: 'same', via: 'SIP/2.0/TLS same.invalid:5061;branch=z9hG4bKsame' };
    const first = acme.say('INVITE', 'sip:bob@bolt.example', same);
    const heardFirst = await bolt.hear('INVITE');
    const second = crow.say('INVITE', 'sip:bob@bolt.example', same);
    const heardSecond = await bolt.hear('INVITE');
    await acme.hearAnswer(first, 100);
    await crow.hearAnswer(second, 100);
    for (const heard of [heardFirst, heardSecond]) bolt.answer(heard, 180);
    await acme.hearAnswer(first, 180);
    await crow.hearAnswer(second, 180);
    // crow cancels what it thinks is acme's: it is its own that ends.
    crow.line().say(cancel(second).text);
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.header('from')).toBe(second.from);
    expect(cancelled.header('via')).toBe(heardSecond.header('via'));
    bolt.answer(cancelled, 200);
    bolt.answer(heardSecond, 487);
    await bolt.hear('ACK');
    await crow.hear(200);
    const ended = await crow.hear(487);
    crow.line().say(acknowledge(second, ended).text);
    bolt.answer(heardFirst, 486);
    await bolt.hear('ACK');
    const busy = await acme.hearFinal(first);
    expect(busy.status).toBe(486);
    acme.line().say(acknowledge(first, busy).text);
  });

  it('a CANCEL with a Reason that folds, or with another’s From: cancels, or does not, and carries nothing else', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const invite = acme.say('INVITE', 'sip:bob@bolt.example');
    const heard = await hearRequest(bolt, invite);
    await acme.hearAnswer(invite, 100);
    bolt.answer(heard, 180);
    await acme.hearAnswer(invite, 180);
    const posing = { ...cancel(invite), text: cancel(invite).text.replace(/From: .*\r\n/, 'From: <sip:bob@bolt.example>;tag=1\r\n') };
    expect(await refusal(acme, posing)).toBe('403 from-not-yours');
    const reason = 'Reason: SIP;cause=200;text="a\r\n X-Smuggled: yes"\r\nRoute: <sip:evil.test;lr>\r\nX-Smuggled: yes\r\nCSeq';
    acme.line().say(cancel(invite).text.replace('CSeq', reason));
    const cancelled = await bolt.hear('CANCEL');
    expect(cancelled.text).not.toMatch(prey);
    expect(cancelled.headers('route')).toEqual([]);
    bolt.answer(cancelled, 200);
    bolt.answer(heard, 487);
    await bolt.hear('ACK');
    await acme.hear(200);
    const ended = await acme.hear(487);
    acme.line().say(acknowledge(invite, ended).text);
  });

  it('a far side that answers with folds, odd phrases and second heads: each answer stays one', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const phrases = ['OK\tX-Smuggled: yes', 'OK \xff\xfe', '', 'a'.repeat(2000)];
    for (const phrase of phrases) {
      const { final } = await exchange(acme, bolt, {}, { phrase, headers: ['Subject: a\r\n X-Smuggled: yes'] });
      expect(final.text.startsWith(`SIP/2.0 200 ${phrase}\r\n`)).toBe(true);
      expect(final.headers('via')).toHaveLength(1);
    }
    const body = 'SIP/2.0 200 OK\r\nVia: x\r\n\r\n';
    expect((await exchange(acme, bolt, {}, { body })).final.body).toBe(body);
  });
});
