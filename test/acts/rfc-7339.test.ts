import { describe, expect, it } from 'vitest';
import { hearRequest } from '../stage/exchange.js';
import { perform } from '../stage/performance.js';
import { topologies } from '../stage/play.js';
import { answer, fresh } from '../stage/speech.js';

const via = (parameters: string): string => `SIP/2.0/TLS proxy.acme.example:5061;branch=${fresh('z9hG4bK')}${parameters}`;
const calmReport = /;oc=0;oc-algo="loss";oc-validity=0;oc-seq=\d{1,12}\.\d{5}$/;

describe.each(topologies)('a member that asks how much it may send (RFC 7339), %s', (_, topology) => {
  const { actor, hub } = perform({ topology, cast: { acme: {}, bolt: {} } });

  it('is told by the hub itself (RFC 7339 4.1), with the rest of its Via as it was', async () => {
    const acme = actor('acme');
    const said = acme.say('OPTIONS', `sip:${hub().domain}`, { via: via(';oc;oc-algo="rate,loss";x=1') });
    const [told = ''] = (await acme.hearFinal(said)).headers('via');
    expect(told).toMatch(calmReport);
    expect(told.replace(calmReport, '').replace(/;received=[^;]*/, '')).toBe(said.via.replace(';oc;oc-algo="rate,loss"', ''));
  });

  it('is told with what the far member answers, and hears nothing of that one’s own overload', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    for (const method of ['MESSAGE', 'INVITE']) {
      const said = acme.say(method, 'sip:bob@bolt.example', { via: via(';oc;oc-algo="loss"') });
      const heard = await hearRequest(bolt, said);
      // The hub asks nobody for reports, and passes on that its peer did.
      expect(heard.headers('via')[0]).not.toContain(';oc');
      expect(heard.headers('via')[1]).toContain(';oc;oc-algo="loss"');
      const text = answer(heard, 486).replace(';oc;oc-algo="loss"', ';oc=100;oc-seq=999999999999.9;oc-validity=60000;oc-algo="loss"');
      heard.line.say(text);
      const final = await acme.hearAnswer(said, 486);
      expect(final.headers('via')).toHaveLength(1);
      expect(final.header('via')).toMatch(calmReport);
      expect(final.header('via')).not.toContain('oc=100');
      if (method === 'INVITE') {
        await bolt.hear('ACK');
        acme.forget();
      }
    }
  });

  it('is told also when it is refused', async () => {
    const acme = actor('acme');
    const said = acme.say('MESSAGE', 'sip:x@nowhere.example', { via: via(';oc') });
    const final = await acme.hearFinal(said);
    expect([final.status, final.header('via')]).toEqual([404, expect.stringMatching(calmReport)]);
  });

  it.each(['', ';oc-algo="loss"'])('is not told anything with %j', async (asks) => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example', { via: via(asks) });
    bolt.answer(await hearRequest(bolt, said), 200);
    expect((await acme.hearAnswer(said, 200)).header('via')).toBe(`${said.via};received=127.0.0.1`);
  });

  it('is told nothing where it wants to be told in another way, by the far member neither', async () => {
    const [acme, bolt] = [actor('acme'), actor('bolt')];
    const said = acme.say('MESSAGE', 'sip:bob@bolt.example', { via: via(';oc;oc-algo="rate"') });
    const heard = await hearRequest(bolt, said);
    heard.line.say(answer(heard, 200).replace(';oc;', ';oc=1;oc-validity=60000;'));
    expect((await acme.hearAnswer(said, 200)).header('via')).toBe(`${said.via.replace(';oc;oc-algo="rate"', '')};received=127.0.0.1`);
  });
});

describe('a far member that does not answer', () => {
  const { actor } = perform({ cast: { acme: {}, bolt: {}, crow: {} }, settings: { ingress: { limits: { inFlightPerPair: 2 } } } });

  it('fills what one sender may have waiting for it, and nobody else’s way is blocked: 500 with a reason, never 503', async () => {
    const [acme, bolt, crow] = [actor('acme'), actor('bolt'), actor('crow')];
    const waiting = [acme.say('MESSAGE', 'sip:a@bolt.example'), acme.say('MESSAGE', 'sip:b@bolt.example')];
    const heard = [];
    for (const one of waiting) heard.push(await hearRequest(bolt, one));
    const more = await acme.hearFinal(acme.say('MESSAGE', 'sip:c@bolt.example'));
    expect([more.status, more.header('reason')]).toEqual([
      500,
      expect.stringContaining('member-queue-full: too many requests wait for bolt'),
    ]);
    const others = [
      [acme, 'sip:d@crow.example', crow],
      [crow, 'sip:e@bolt.example', bolt],
    ] as const;
    for (const [from, to, receiver] of others) {
      const said = from.say('MESSAGE', to);
      receiver.answer(await hearRequest(receiver, said), 200);
      expect((await from.hearFinal(said)).status).toBe(200);
    }
    for (const one of heard) bolt.answer(one, 200);
    for (const one of waiting) expect((await acme.hearFinal(one)).status).toBe(200);
    const again = acme.say('MESSAGE', 'sip:f@bolt.example');
    bolt.answer(await hearRequest(bolt, again), 200);
    expect((await acme.hearFinal(again)).status).toBe(200);
  });
});
