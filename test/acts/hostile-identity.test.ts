import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, outcome, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import type { Words } from '../stage/speech.js';

/** Labels of one letter, up to the longest name there can be. */
const labels = (count: number, end: string) => `${'a.'.repeat(count)}${end}`;

describe.each(topologies)('names that want to be somebody else’s, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  it.each([
    ['<sip:alice@*.example>', '400 bad-message'],
    ['<sip:alice@>>', '400 bad-message'],
    ['<sip:alice@gh.v1.>', '403 from-not-yours'],
    ['<sip:alice@acme.example.>', 'passed on, or 403 from-not-yours'],
    ['<sip:alice@.acme.example>', '400 bad-message'],
    ['<sip:alice@acme..example>', '400 bad-message'],
    ['<sip:alice@acme%2eexample>', '400 bad-message'],
    ['<sip:alice@acme.example%00.evil.test>', '400 bad-message'],
    ['<sip:alice@acme.example@bolt.example>', '400 bad-message'],
    ['<sip:alice@acme.example;@bolt.example>', '400 bad-message'],
    ['<sip:alice:@acme.example:x@bolt.example>', '400 bad-message'],
    ['<sip:acme.example;x@bolt.example>', '403 from-not-yours'],
    ['<sip:alice@bolt.example?From=sip:alice@acme.example>', '400 bad-message'],
    ['<sip:alice@bolt.example?From=alice>', '403 from-not-yours'],
    ['<sip:alice@\xd0\xb0cme.example>', '400 bad-message'],
    ['<sip:alice@xn--cme-6cd.example>', '403 from-not-yours'],
    ['<sip:alice@acme.example, sip:bob@bolt.example>', '400 bad-message'],
    ['<sip:bob@bolt.example>, <sip:alice@acme.example>', '400 bad-message'],
    ['<sip:bob@bolt.example> <sip:alice@acme.example>', '400 bad-message'],
    ['sip:bob@bolt.example, <sip:alice@acme.example>', '400 bad-message'],
    ['<sip:bob@[::1]>', '403 from-not-yours'],
    ['<sip:alice@2130706433>', '403 from-not-yours'],
    ['<im:alice@acme.example>', '403 from-not-yours'],
    ['<https://acme.example/alice>', '403 from-not-yours'],
    ['<urn:service:sos>', '403 from-not-yours'],
    [`<sip:alice@${labels(126, 'acme.example')}>`, '403 from-not-yours'],
    [`<sip:alice@${'a'.repeat(300)}.acme.example>`, '403 from-not-yours'],
  ])('a From of %s: %s', async (from, expected) => {
    const acme = actor('acme');
    const said = acme.request('MESSAGE', 'sip:bob@bolt.example', { from });
    acme.line().say(said.text);
    const final = acme.hearFinal(said);
    const heard = await actor('bolt').hearUnless(said, final);
    if (heard !== undefined) actor('bolt').answer(heard, 200);
    expect(expected.split(', or ')).toContain(heard === undefined ? outcome(await final) : 'passed on');
    await final;
  });

  it.each([
    ['sip:bob@*.example', /^400 bad-message$/],
    ['sip:bob@>', /^400 bad-message$/],
    ['sip:bob@*', /^400 bad-message$/],
    ['sip:bob@gh.v1.relay.relay-1', /^404 unknown-domain$/],
    ['sip:bob@$JS.API.STREAM.DELETE.AUDIT', /^400 bad-message$/],
    ['sip:bob@_INBOX.x', /^404 unknown-domain$/],
    ['sip:bob@-.example', /^(400 bad-message|404 unknown-domain)$/],
    ['sip:bob@__proto__', /^404 unknown-domain$/],
    ['sip:bob@constructor', /^404 unknown-domain$/],
    ['sip:bob@toString', /^404 unknown-domain$/],
    [`sip:bob@${labels(255, 'bolt.example')}`, /^404 unknown-domain$/],
    [`sip:bob@${labels(1000, 'bolt.example')}`, /^404 unknown-domain$/],
    [`sip:bob@${'b'.repeat(2000)}`, /^404 unknown-domain$/],
    ['sip:bob@b\xc3\xb6lt.example', /^400 bad-message$/],
    ['sip:bob@xn--blt-sna.example', /^404 unknown-domain$/],
    ['sip:bob@127.1', /^(400 bad-message|404 unknown-domain)$/],
    ['sip:bob@0x7f000001', /^404 unknown-domain$/],
    ['sip:bob@[::ffff:127.0.0.1]', /^404 unknown-domain$/],
    ['sip:bob@localhost', /^404 unknown-domain$/],
    ['im:bob@bolt.example', /^416 unsupported-scheme$/],
    ['tel:+4912345', /^404 unknown-domain$/],
  ])('a Request-URI of %s', async (uri, expected) => {
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', uri, { to: '<sip:bob@bolt.example>' }))).toMatch(expected);
  });

  it('a method and an event package that look like subjects, prototypes or keys: names like any others', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    for (const method of ['__proto__', 'constructor', 'gh.v1.ask', '*', '%', 'message', 'Ack', 'A'.repeat(32)]) {
      const { request } = await exchange(acme, bolt, { method });
      expect(request.method).toBe(method);
    }
    for (const event of ['*', 'gh.v1.>', '__proto__', 'presence.winfo.winfo']) {
      const { request } = await exchange(acme, bolt, { method: 'PUBLISH', headers: [`Event: ${event}`] });
      expect(request.header('event')).toBe(event);
    }
    expect(await refusal(acme, acme.request('A'.repeat(33), 'sip:bob@bolt.example'))).toBe('400 bad-message');
    expect(await refusal(acme, acme.request('PUBLISH', 'sip:bob@bolt.example', { headers: [`Event: ${'e'.repeat(65)}`] }))).toBe(
      '400 bad-message',
    );
  });

  const elsewhere: readonly (readonly [string, Partial<Words>])[] = [
    ['To', { to: '<sip:carol@crow.example>' }],
    ['Contact', { headers: ['Contact: <sip:carol@crow.example>'] }],
    ['Reply-To', { headers: ['Reply-To: <sip:carol@crow.example>'] }],
    ['Referred-By', { method: 'REFER', headers: ['Refer-To: <sip:carol@crow.example>', 'Referred-By: <sip:carol@crow.example>'] }],
    ['P-Preferred-Identity', { headers: ['P-Preferred-Identity: <sip:carol@crow.example>'] }],
    ['Via', { via: 'SIP/2.0/TLS sip.crow.example:5061;branch=z9hG4bKto' }],
    ['Path and Service-Route', { headers: ['Path: <sip:sip.crow.example;lr>', 'Service-Route: <sip:sip.crow.example;lr>'] }],
    ['Request-Disposition and Target-Dialog', { headers: ['Request-Disposition: fork', 'Target-Dialog: x;local-tag=1;remote-tag=2'] }],
  ];
  it.each(elsewhere)('another member in %s: goes where the Request-URI says, and only there', async (_name, words) => {
    const { request } = await exchange(actor('acme'), actor('bolt'), words);
    for (const line of words.headers ?? []) expect(request.text).toContain(`\r\n${line}\r\n`);
  });

  it('in a dialog that stands: a forged asserted identity is refused from either side; a foreign To or Contact leads nowhere else', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { caller, callee } = await openCall(acme, bolt);
    const asserted = { headers: ['P-Asserted-Identity: <sip:carol@crow.example>'] };
    for (const method of ['INFO', 'INVITE', 'BYE']) {
      expect(await refusal(acme, within(caller, method, asserted))).toBe('403 asserted-identity-not-yours');
      expect(await refusal(bolt, within(callee, method, asserted))).toBe('403 asserted-identity-not-yours');
    }
    const moved = {
      headers: ['Contact: <sip:carol@crow.example>'],
      to: `<sip:carol@crow.example>;tag=answered`,
      uri: 'sip:carol@crow.example',
    };
    const info = within(caller, 'INFO', moved);
    acme.line().say(info.text);
    const heard = await bolt.hear('INFO');
    expect(heard.uri).toBe('sip:carol@crow.example');
    bolt.answer(heard, 200);
    await acme.hearAnswer(info, 200);
  });

  it('what other networks’ edges claim to trust is stripped however it is spelled, folded or repeated, in dialogs too', async () => {
    const trust = [
      'ms-edge-proxy-message-trust: ms-source-type=AuthorizedServer',
      'MS-EDGE-PROXY-MESSAGE-TRUST : x',
      'ms-edge-proxy-message-trust:\r\n ms-source-type=AutoFederation;\r\n\tms-ep-fqdn=evil.test',
    ];
    const { request } = await exchange(actor('acme'), actor('bolt'), { headers: [...trust, 'X-Last: 1'] });
    expect(request.text).not.toMatch(/ms-edge-proxy|ms-source|evil\.test/i);
    expect(request.text).toContain('\r\nX-Last: 1\r\n');
    const { caller } = await openCall(actor('acme'), actor('bolt'));
    const info = within(caller, 'INFO', { headers: trust });
    actor('acme').line().say(info.text);
    const heard = await actor('bolt').hear('INFO');
    expect(heard.text).not.toMatch(/ms-edge-proxy|ms-source/i);
    actor('bolt').answer(heard, 200);
    await actor('acme').hearAnswer(info, 200);
  });

  it('the same in an answer: nobody’s edge vouches for the one who answers', async () => {
    const headers = ['ms-edge-proxy-message-trust: ms-source-type=AuthorizedServer', 'X-Kept: 1', 'Ms-Edge-Proxy-Message-Trust:\r\n x'];
    const { final } = await exchange(actor('acme'), actor('bolt'), {}, { headers });
    expect(final.text).not.toMatch(/ms-edge-proxy|ms-source/i);
    expect(final.text).toContain('\r\nX-Kept: 1\r\n');
  });

  it('an answer that asserts another member’s identity: the claim is taken out, the answerer’s own stays (RFC 3325 5)', async () => {
    const claim = async (value: string) =>
      (await exchange(actor('acme'), actor('bolt'), {}, { headers: [`P-Asserted-Identity: ${value}`] })).final.headers(
        'p-asserted-identity',
      );
    expect(await claim('<sip:bob@bolt.example>')).toEqual(['<sip:bob@bolt.example>']);
    expect(await claim('<sip:carol@crow.example>')).toEqual([]);
    expect(await claim('<sip:bob@bolt.example>, <sip:carol@crow.example>')).toEqual([]);
    expect(await claim('"<sip:bob@bolt.example>" <sip:carol@crow.example>')).toEqual([]);
  });
});
