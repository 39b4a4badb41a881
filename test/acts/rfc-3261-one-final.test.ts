import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, outcome } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { acknowledge, answer } from '../stage/speech.js';

describe.each(topologies)('one final answer on each connection (RFC 3261 17.2), %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it('whoever is called cannot make an answer of somebody else of its own: its caller hears 502, on a link of the hub’s too', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const { request } = await exchange(acme, bolt);
    for (const [method, status] of [
      ['INVITE', 486],
      ['MESSAGE', 200],
    ] as const) {
      for (const line of [bolt.line(), request.line]) {
        const said = bolt.request(method, 'sip:alice@acme.example');
        line.say(said.text);
        const heard = await hearRequest(acme, said);
        heard.line.say(answer(heard, status).replace(said.branch, 'z9hG4bKforged'));
        if (method === 'INVITE') await acme.hear('ACK');
        const final = await bolt.hearFinal(said);
        expect([outcome(final), final.line === line]).toEqual(['502 bad-gateway', true]);
        if (method === 'INVITE') {
          line.say(acknowledge(said, final).text);
          bolt.forget();
        }
      }
    }
  });

  it('a request that comes again over another connection reaches its member once, and is answered on both', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const second = await bolt.dial(bolt.line().remotePort);
    const said = bolt.request('MESSAGE', 'sip:alice@acme.example');
    for (const line of [bolt.line(), second]) line.say(said.text);
    // What follows on each of them finds it taken there.
    for (const line of [bolt.line(), second]) {
      const ping = bolt.request('OPTIONS', 'sip:hub.example');
      line.say(ping.text);
      await bolt.hearFinal(ping);
    }
    acme.answer(await hearRequest(acme, said), 200);
    const finals = [await bolt.hearFinal(said), await bolt.hearFinal(said)];
    expect(finals.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(finals.map(({ line }) => line))).toEqual(new Set([bolt.line(), second]));
    second.hangUp();
    await second.over;
  });
});
