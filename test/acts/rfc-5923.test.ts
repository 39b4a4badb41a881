import { describe, expect, it } from 'vitest';
import { exchange, hearRequest, refusal } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';

describe.each(topologies)('whose connection is used again (RFC 5923), %s', (_, topology) => {
  const { actor } = perform({ topology, cast: { acme: {}, bolt: {}, dora: { dialsOnly: true } } });

  it('an alias leads nobody’s requests to a connection of somebody else’s certificate', async () => {
    const acme = actor('acme');
    const bolt = actor('bolt');
    const dora = actor('dora');
    for (const [index, host] of [`127.0.0.1:${bolt.port}`, 'sip.bolt.example:5061', 'sip.dora.example', 'dora.example'].entries()) {
      const via = `SIP/2.0/TLS ${host};branch=z9hG4bKalias${index};alias`;
      await exchange(acme, bolt, { via });
      const { request } = await exchange(bolt, dora);
      expect(request.line).toBe(dora.line());
    }
    const { request } = await exchange(dora, bolt);
    expect(bolt.accepted()).toContain(request.line);
  });

  it('on a link that the hub dialled its proxy may say what its certificate lets it say, and nothing else', async () => {
    const bolt = actor('bolt');
    const { request } = await exchange(actor('acme'), bolt);
    const said = bolt.request('MESSAGE', 'sip:alice@acme.example', { via: 'SIP/2.0/TLS sip.bolt.example;branch=z9hG4bKback;alias' });
    request.line.say(said.text);
    actor('acme').answer(await hearRequest(actor('acme'), said), 200);
    expect((await bolt.hearFinal(said)).line).toBe(request.line);
    const forged = bolt.request('MESSAGE', 'sip:alice@acme.example', { from: '<sip:dan@dora.example>' });
    expect(await refusal(bolt, forged, request.line)).toBe('403 from-not-yours');
  });

  it('requests go both ways on one connection at once, and each answer finds its own', async () => {
    const acme = actor('acme');
    const dora = actor('dora');
    const there = Array.from({ length: 20 }, () => acme.say('MESSAGE', 'sip:dan@dora.example'));
    const back = Array.from({ length: 20 }, () => dora.say('MESSAGE', 'sip:alice@acme.example'));
    for (const [index, said] of there.entries()) dora.answer(await hearRequest(dora, said), 200, { tag: `d${index}` });
    for (const [index, said] of back.entries()) acme.answer(await hearRequest(acme, said), 200, { tag: `a${index}` });
    for (const [index, said] of there.entries()) expect((await acme.hearFinal(said)).header('to')).toContain(`tag=d${index}`);
    for (const [index, said] of back.entries()) {
      const final = await dora.hearFinal(said);
      expect(final.header('to')).toContain(`tag=a${index}`);
      expect(final.line).toBe(dora.line());
    }
    expect(dora.accepted()).toEqual([]);
  });
});
