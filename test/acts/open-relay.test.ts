import { describe, expect, it } from 'vitest';
import { openCall } from '../stage/call.js';
import { within } from '../stage/dialog.js';
import { exchange, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('the hub is no open relay, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {}, crow: {} } });

  it.each([
    [['<sip:evil.test;lr>'], 'to a stranger'],
    [['<sip:evil.test:5061;transport=tls;lr>'], 'to a stranger with a port'],
    [['<sip:hub.example;lr>', '<sip:evil.test;lr>'], 'through the hub to a stranger'],
    [['<sip:hub.example;lr>, <sip:evil.test;lr>'], 'the same in one field'],
    [['<sip:sip.bolt.example;lr>'], 'to a member’s proxy by name'],
    [['<sip:127.0.0.1;lr>'], 'to an address'],
    [['<sip:hub.example.evil.test;lr>'], 'to a name that begins like the hub’s'],
    [['"<sip:hub.example;lr>" <sip:evil.test;lr>'], 'to a stranger behind a display name'],
    [['<sip:evil.test>'], 'to a strict router'],
  ])('refuses a preloaded Route %j: %s', async (routes) => {
    const acme = actor('acme');
    for (const method of ['MESSAGE', 'INVITE']) {
      expect(await refusal(acme, acme.request(method, 'sip:bob@bolt.example', { routes }))).toBe('403 foreign-route');
    }
  });

  it('routes by membership, never by an address that a sender names', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const stranger = `sip:bob@127.0.0.1:${bolt.port}`;
    expect(await refusal(acme, acme.request('MESSAGE', stranger))).toBe('404 unknown-domain');
    expect(await refusal(acme, acme.request('MESSAGE', `${stranger};transport=tls;lr`))).toBe('404 unknown-domain');
    const uri = `sip:bob@bolt.example:1;maddr=127.0.0.1;transport=udp`;
    const { request } = await exchange(acme, bolt, { uri, via: `SIP/2.0/TLS 127.0.0.1:${actor('crow').port};branch=z9hG4bKmaddr1` });
    expect(request.uri).toBe(uri);
  });

  it('takes a Route that names only the hub, and strips it (RFC 3261 16.4)', async () => {
    const { request } = await exchange(actor('acme'), actor('bolt'), { routes: [`<sip:${hub().domain};transport=tls;lr>`] });
    expect(request.headers('route')).toEqual([]);
  });

  it('refuses a dialog’s Route whose token is forged, cut, of another hub or missing', async () => {
    const { caller } = await openCall(actor('acme'), actor('bolt'));
    const [own = ''] = caller.routes;
    const token = /<sips?:([^@]+)@/.exec(own)?.[1] ?? '';
    expect(token).toMatch(/^g1\./);
    const parts = token.split('.');
    const flip = (text: string, at: number) => text.slice(0, at) + (text.charAt(at) === 'A' ? 'B' : 'A') + text.slice(at + 1);
    const forged = [
      flip(token, token.length - 4),
      token.slice(0, -1),
      parts.with(2, 'crow').join('.'),
      parts.with(3, 'crow').join('.'),
      parts.with(1, 'zz').join('.'),
      parts.slice(0, -1).join('.'),
      `${parts.slice(0, -1).join('.')}.`,
      'g1',
      'alice',
    ];
    for (const other of forged) {
      const routes = [own.replace(token, other)];
      expect(await refusal(actor('acme'), within({ ...caller, routes }, 'BYE')), other).toBe('403 bad-route-token');
    }
    const bare = [`<sip:${hub().domain};lr>`];
    expect(await refusal(actor('acme'), within({ ...caller, routes: bare }, 'BYE'))).toBe('403 bad-route-token');
    const foreign = [own, '<sip:evil.test;lr>'].reverse();
    expect(await refusal(actor('acme'), within({ ...caller, routes: foreign }, 'BYE'))).toBe('403 foreign-route');
  });

  it('refuses a third member that replays two others’ token', async () => {
    const { caller, callee } = await openCall(actor('acme'), actor('bolt'));
    const crow = actor('crow');
    for (const dialog of [caller, callee]) {
      const stolen = { ...dialog, local: '<sip:carol@crow.example>;tag=1' };
      for (const method of ['BYE', 'INVITE', 'MESSAGE']) expect(await refusal(crow, within(stolen, method))).toBe('403 bad-route-token');
      crow.line().say(within(stolen, 'ACK', { cseq: 1 }).text);
    }
  });

  it('leads a dialog’s requests to its other member only, whatever the Request-URI and the further Routes say', async () => {
    const { caller } = await openCall(actor('acme'), actor('bolt'));
    const bolt = actor('bolt');
    const crow = actor('crow');
    const target = `sip:carol@127.0.0.1:${crow.port}`;
    const bye = within({ ...caller, target, routes: [...caller.routes, `<sip:sip.crow.example:${crow.port};lr>`] }, 'BYE');
    actor('acme').line().say(bye.text);
    const heard = await bolt.hear('BYE');
    expect(heard.uri).toBe(target);
    expect(heard.headers('route')).toEqual([`<sip:sip.crow.example:${crow.port};lr>`]);
    bolt.answer(heard, 200);
    await actor('acme').hearAnswer(bye, 200);
  });
});
