import { describe, expect, it } from 'vitest';
import { exchange, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('what is for nobody is refused at once, %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it.each(['MESSAGE', 'INVITE', 'SUBSCRIBE', 'OPTIONS', 'REGISTER', 'UNHEARDOF'])('%s to a domain of no member: 404', async (method) => {
    const acme = actor('acme');
    for (const uri of ['sip:bob@nobody.test', 'sip:nobody.test', 'sips:bob@nobody.test:5061', 'sip:bob@example', 'sip:bob@[2001:db8::1]']) {
      expect(await refusal(acme, acme.request(method, uri)), uri).toBe('404 unknown-domain');
    }
  });

  it('a number, and a user of the hub itself: nobody’s either', async () => {
    const acme = actor('acme');
    expect(await refusal(acme, acme.request('MESSAGE', 'tel:+4912345'))).toBe('404 unknown-domain');
    expect(await refusal(acme, acme.request('MESSAGE', `sip:bob@${hub().domain}`))).toBe('404 unknown-domain');
  });

  it('another scheme: 416 (RFC 3261 16.3 item 2)', async () => {
    const acme = actor('acme');
    for (const uri of ['mailto:bob@bolt.example', 'http://bolt.example/', 'xmpp:bob@bolt.example']) {
      expect(await refusal(acme, acme.request('MESSAGE', uri)), uri).toBe('416 unsupported-scheme');
    }
  });

  it('the answer says which domain', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:bob@nobody.test');
    expect((await acme.hearFinal(said)).header('reason')).toContain('nobody.test');
  });

  it('a member’s domain in any letter case, and one below it, are the member’s', async () => {
    for (const uri of ['sip:bob@BOLT.Example', 'sip:bob@sales.bolt.example', 'sip:bolt.example', 'sips:bob@bolt.example:5061;x=y']) {
      const { request } = await exchange(actor('acme'), actor('bolt'), { uri });
      expect(request.uri).toBe(uri);
    }
  });

  it('OPTIONS to the hub itself: 200', async () => {
    const acme = actor('acme');
    const said = acme.say('OPTIONS', `sip:${hub().domain}`);
    expect((await acme.hearFinal(said)).status).toBe(200);
  });
});
