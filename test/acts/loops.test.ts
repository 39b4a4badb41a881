import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('nothing goes round in circles, %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: { domains: ['acme.example', 'acme.test'] }, bolt: {} } });

  it('Max-Forwards 0: 483 (RFC 3261 16.3 item 3)', async () => {
    const acme = actor('acme');
    for (const method of ['MESSAGE', 'INVITE', 'OPTIONS']) {
      expect(await refusal(acme, acme.request(method, 'sip:bob@bolt.example', { maxForwards: 0 }))).toBe('483 too-many-hops');
    }
  });

  it('a request that a member sends back as it came: 482 (RFC 3261 16.3 item 4, RFC 5393 4.2)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.request('MESSAGE', 'sip:carol@acme.test');
    acme.line().say(said.text);
    const heard = await hearRequest(acme, said);
    acme.line().say(heard.text.replace('Via:', 'Via: SIP/2.0/TLS again.invalid;branch=z9hG4bKagain\r\nVia:'));
    expect((await acme.hear(482)).header('via')).toContain('z9hG4bKagain');
    // Nor is it another request for what does not decide where it goes.
    acme
      .line()
      .say(heard.text.replace('Via:', 'Subject: new\r\nMax-Breadth: 9\r\nVia: SIP/2.0/TLS again.invalid;branch=z9hG4bKother\r\nVia:'));
    expect((await acme.hear(482)).header('via')).toContain('z9hG4bKother');
    acme.answer(heard, 200);
    expect((await acme.hearFinal(said)).status).toBe(200);
    await exchange(acme, bolt);
  });

  it('a spiral is legal: through the hub to the member’s other domain, and from there to somebody else (RFC 5393 4.2)', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const said = acme.request('MESSAGE', 'sip:carol@acme.test');
    acme.line().say(said.text);
    const first = await hearRequest(acme, said);
    const onwards = first.text
      .replace('MESSAGE sip:carol@acme.test', 'MESSAGE sip:bob@bolt.example')
      .replace('Via:', 'Via: SIP/2.0/TLS again.invalid;branch=z9hG4bKspiral\r\nVia:');
    acme.line().say(onwards);
    const second = await hearRequest(bolt, said);
    expect(second.headers('via')).toHaveLength(4);
    expect(second.header('max-forwards')).toBe('68');
    bolt.answer(second, 200, { tag: 'spiral' });
    const middle = await acme.hear(200, (message) => message.header('via').includes('z9hG4bKspiral'));
    acme.answer(first, 200, { tag: 'spiral' });
    expect((await acme.hearFinal(said)).header('to')).toBe(middle.header('to'));
  });

  it('counts Max-Forwards down, and adds 70 where there is none (RFC 3261 16.6 step 3)', async () => {
    for (const [given, arrives] of [
      [1, '0'],
      [70, '69'],
      [255, '254'],
      [null, '70'],
    ] as const) {
      const { request } = await exchange(actor('acme'), actor('bolt'), { maxForwards: given });
      expect(request.headers('max-forwards')).toEqual([arrives]);
    }
  });
});
